/** The documentation of the API: /openapi.json for programs, /docs for people (one page without external resources). */
import { Router } from 'express';
import { otherMethods } from '../http/problem-handler';
import { PROBLEMS } from '../http/problems';
import { OPERATIONS } from './http-operations';
import { openApiDocument } from './openapi';
import type { DescribedOperation } from './operation';
import { PUBLIC_OPERATIONS } from './public-operations';

const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
code{font-family:ui-monospace,monospace}h2{margin-bottom:0}table{border-spacing:1rem 0}`;

/** @param services whether this process serves the routes of each service */
export function docsRoutes(services: Readonly<Record<DescribedOperation['service'], boolean>>): Router {
  const operations = [...OPERATIONS, ...PUBLIC_OPERATIONS].filter(({ service }) => services[service]);
  const document = openApiDocument(operations);
  const page = docsPage(operations);
  const router = Router();
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

function docsPage(operations: readonly DescribedOperation[]): string {
  const problems = Object.entries(PROBLEMS).map(
    ([name, { status, title }]) =>
      `<tr><td>${String(status)}</td><td><code>/problems/${name}</code></td><td>${text(title)}</td></tr>`,
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
  const escaped = markdown.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return escaped.replaceAll(/`([^`]*)`/g, '<code>$1</code>');
}
