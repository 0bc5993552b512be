/** Reads what came in by its schema, or says which parts of it are wrong. */
import express, { type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { type PartError, Problem } from './problems';

/** 16 KiB: a dozen times the largest body that is valid. */
const BODY_LIMIT = '16kb';

/** Parses a JSON body; for the routes that take one, so that the others never read bodies. */
export const jsonBody: RequestHandler[] = [requireJson, express.json({ limit: BODY_LIMIT })];

/**
 * @returns the parsed value
 * @throws Problem `invalid-request` with a JSON pointer to each part that is wrong
 */
export function valid<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap(partErrors);
  const detail = errors
    .map((error) => (error.pointer === '' ? error.detail : `${error.pointer}: ${error.detail}`))
    .join('; ');
  throw new Problem('invalid-request', detail, { errors });
}

/** The header is looked at even where the body is empty: then it is the body that is wrong, not its type. */
function requireJson(request: Request, _response: unknown, next: () => void): void {
  if (!/^application\/json\s*(;|$)/i.test(request.get('Content-Type') ?? '')) {
    throw new Problem('unsupported-media-type', 'Send the body with Content-Type: application/json.');
  }
  next();
}

function partErrors(issue: z.core.$ZodIssue): PartError[] {
  const pointer = pointerTo(issue.path);
  if (issue.code !== 'unrecognized_keys') return [{ pointer, detail: issue.message }];
  return issue.keys.map((key) => ({
    pointer: pointerTo([...issue.path, key]),
    detail: 'is not a known field',
  }));
}

/** RFC 6901. */
function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
