/** Generates the OpenAPI 3.1 document from the table of operations and the validation schemas. */
import { PROBLEMS, type ProblemName } from '../http/problems';
import { EXAMPLES } from './examples';
import { answers, problemExample, problems } from './openapi-answers';
import { ANSWER_HEADERS } from './openapi-headers';
import { parameters } from './openapi-parameters';
import { referencedSchemas, schemaOf } from './openapi-schemas';
import type { DescribedOperation } from './operation';

const TAGS: Readonly<Record<DescribedOperation['service'], string>> = {
  orders: 'The order service: orders on credit, each decided by a saga.',
  customers: 'The customer service: customers and their credit.',
  events: 'The domain events of both services.',
  history: 'The order history: a view that is built from the events.',
  codec: 'The codec server, with which operators read the payloads of sagas.',
  process: 'The process itself: probes, metrics and this document. Public.',
};

const INFO = {
  title: 'Order saga',
  version: '1',
  summary: 'Orders on credit, decided by a durable saga.',
  description:
    'Every error is `application/problem+json` (RFC 9457) with a stable `type`. Answers are never cached: `Cache-Control: no-store`. `HEAD` is answered wherever `GET` is.',
  contact: { name: 'The order-saga authors' },
  license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
};

const ACCESS_TOKEN = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'Of the identity provider AUTH_ISSUER. Without it, no request needs a token.',
};

/** @param operations the operations that this process serves */
export function openApiDocument(operations: readonly DescribedOperation[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationObject(operation) };
  }
  const services = new Set(operations.map(({ service }) => service));
  return {
    openapi: '3.1.0',
    info: INFO,
    // Relative to the URL of the document: the process does not know the address that its clients use.
    servers: [{ url: '/', description: 'The process that serves this document.' }],
    tags: [...services].map((name) => ({ name, description: TAGS[name] })).sort(byName),
    paths,
    components: {
      schemas: referencedSchemas(paths),
      headers: usedBy(paths, 'headers', ANSWER_HEADERS),
      examples: usedBy(paths, 'examples', PROBLEM_EXAMPLES),
      securitySchemes: { accessToken: ACCESS_TOKEN },
    },
  };
}

function operationObject({ service, operationId, scopes, summary, body, ...operation }: DescribedOperation) {
  const examples = EXAMPLES[operationId] ?? {};
  const limited = scopes !== undefined;
  return {
    tags: [service],
    operationId,
    summary,
    description: operation.description,
    security: scopes ? [{ accessToken: scopes }] : [],
    parameters: parameters(operation),
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(body, 'input'), example: examples.request } },
      },
    }),
    responses: {
      ...problems(operation.problems, limited),
      ...answers(operation.answers, examples, limited),
    },
  };
}

const PROBLEM_EXAMPLES = Object.fromEntries(
  Object.keys(PROBLEMS)
    .filter((name): name is ProblemName => name in PROBLEMS)
    .map((name) => [name, problemExample(name)]),
);

/** @returns the components of this kind to which the paths refer */
function usedBy<Component>(paths: object, kind: string, all: Readonly<Record<string, Component>>) {
  const text = JSON.stringify(paths);
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => text.includes(`"#/components/${kind}/${name}"`)),
  );
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);
