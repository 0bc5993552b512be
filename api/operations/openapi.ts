/** Generates the OpenAPI 3.1 document from the table of operations and the validation schemas. */
import { z } from 'zod';
import { type ProblemName, PROBLEMS, problemSchema } from '../http/problems';
import type { Operation } from './operation';

/** @param operations the operations that this process serves */
export function openApiDocument(operations: readonly Operation[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationObject(operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Order saga', version: '1', description: 'Orders on credit, decided by a durable saga.' },
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'Of the identity provider AUTH_ISSUER. Without it, no request needs a token.',
        },
      },
    },
  };
}

function operationObject({
  service,
  operationId,
  scopes,
  summary,
  description,
  body,
  ...operation
}: Operation) {
  return {
    tags: [service],
    operationId,
    summary,
    ...(description !== undefined && { description }),
    security: [{ accessToken: scopes }],
    parameters: parameters(operation),
    ...(body && { requestBody: { required: true, content: json(jsonSchema(body, 'input')) } }),
    responses: { ...answers(operation), ...problems(operation.problems) },
  };
}

function parameters({ path, query, headers = {} }: Pick<Operation, 'path' | 'query' | 'headers'>) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    schema: jsonSchema(schema, 'input'),
  }));
  const inHeaders = Object.entries(headers).map(([name, { description, schema }]) => ({
    name,
    in: 'header',
    description,
    schema: jsonSchema(schema, 'input'),
  }));
  return [...inPath, ...inQuery, ...inHeaders];
}

function answers({ answers: byStatus }: Pick<Operation, 'answers'>) {
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, { description, schema, location }]) => [
      status,
      {
        description,
        ...(location && { headers: { Location: { schema: { type: 'string', format: 'uri-reference' } } } }),
        ...(schema && { content: json(jsonSchema(schema, 'output')) }),
      },
    ]),
  );
}

/** Several problems share a status; `type` distinguishes them. */
function problems(names: readonly ProblemName[]) {
  const byStatus = new Map<number, string[]>();
  for (const name of names) {
    const { status, title } = PROBLEMS[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`/problems/${name}\`: ${title}.`]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, lines]) => [
      status,
      {
        description: lines.join(' '),
        ...(status === 503 && { headers: { 'Retry-After': { schema: { type: 'integer' } } } }),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function json(schema: object) {
  return { 'application/json': { schema } };
}

/** Omits `$schema`: an OpenAPI 3.1 document states its dialect once. */
function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output') {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
