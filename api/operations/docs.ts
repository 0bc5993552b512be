/**
 * The documentation of the API: /openapi.json for programs, /docs for people (one page without external resources), /problems/NAME
 * for the `type` of each problem, and / as the way to all of them.
 */
import { Router } from 'express';
import { otherMethods } from '../http/problem-handler';
import { Problem, PROBLEMS } from '../http/problems';
import { OPERATIONS } from './http-operations';
import { openApiDocument } from './openapi';
import type { DescribedOperation } from './operation';
import { PUBLIC_OPERATIONS } from './public-operations';

const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
code{font-family:ui-monospace,monospace}h2{margin-bottom:0}table{border-spacing:1rem 0}`;

/** Where the problems are on the page. */
const PROBLEM_ANCHOR = 'problem-';

/**
 * @param services whether this process serves the routes of each service
 * @param temporalUiUrl undefined: the page / does not name it
 */
export function docsRoutes(
  services: Readonly<Record<DescribedOperation['service'], boolean>>,
  temporalUiUrl?: string,
): Router {
  const operations = [...OPERATIONS, ...PUBLIC_OPERATIONS].filter(({ service }) => services[service]);
  const document = openApiDocument(operations);
  const page = docsPage(operations);
  const router = Router();
  router
    .route('/')
    .get((_request, response) => {
      response.set('Content-Security-Policy', PAGE_POLICY).type('html').send(firstPage(temporalUiUrl));
    })
    .all(otherMethods('GET', 'HEAD'));
  router
    .route('/problems/:name')
    .get((request, response) => {
      const { name } = request.params;
      if (!Object.hasOwn(PROBLEMS, name)) throw new Problem('not-found', 'There is no such problem.');
      response.redirect(`/docs#${PROBLEM_ANCHOR}${name}`);
    })
    .all(otherMethods('GET', 'HEAD'));
  router
    .route('/openapi.json')
    .get((_request, response) => {
      response.json(document);
    })
    .all(otherMethods('GET', 'HEAD'));
  router
    .route('/docs')
    .get((_request, response) => {
      response.set('Content-Security-Policy', PAGE_POLICY).type('html').send(page);
    })
    .all(otherMethods('GET', 'HEAD'));
  return router;
}

function firstPage(temporalUiUrl: string | undefined): string {
  const links = [
    ['/docs', 'The API: operations and problems'],
    ['/openapi.json', 'The API as an OpenAPI document'],
    ['/readyz', 'Whether this process is ready'],
    ...(temporalUiUrl === undefined ? [] : [[temporalUiUrl, 'The sagas in the Temporal UI']]),
  ].map(([href = '', words = '']) => `<li><a href="${text(href)}">${text(words)}</a></li>`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Order saga</title><style>${STYLE}</style>
<h1>Order saga</h1>
<ul>${links.join('')}</ul>
</html>`;
}

function docsPage(operations: readonly DescribedOperation[]): string {
  const problems = Object.entries(PROBLEMS).map(
    ([name, { status, title }]) =>
      `<tr id="${PROBLEM_ANCHOR}${name}"><td>${String(status)}</td><td><code>/problems/${name}</code></td><td>${text(title)}</td></tr>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Order saga: the API</title><style>${STYLE}</style>
<h1>Order saga: the API</h1>
<p>Schemas and examples: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
${operations.map(section).join('\n')}
<h2>Problems</h2>
<p>Every error is <code>application/problem+json</code> (RFC 9457).</p>
<table>${problems.join('')}</table>
</html>`;
}

function section({ method, path, summary, description, headers = {}, answers }: DescribedOperation): string {
  const headerLines = Object.entries(headers).map(
    ([name, header]) => `<li><code>${name}</code>: ${text(header.description)}</li>`,
  );
  const answerLines = Object.entries(answers).map(
    ([status, answer]) => `<li>${status}: ${text(answer.description)}</li>`,
  );
  return `<h2><code>${method.toUpperCase()} ${text(path)}</code></h2>
<p>${text(summary)}. ${text(description ?? '')}</p>
<ul>${[...headerLines, ...answerLines].join('')}</ul>`;
}

/** Escapes HTML; text between backquotes becomes code. */
function text(markdown: string): string {
  const escaped = markdown
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
  return escaped.replaceAll(/`([^`]*)`/g, '<code>$1</code>');
}
