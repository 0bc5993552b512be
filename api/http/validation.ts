/** Validates requests against schemas, and reports which parts are invalid. */
import express, { type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { type PartError, Problem } from './problems';

/** 16 KiB: twelve times the largest valid body. */
const BODY_LIMIT = '16kb';

/** Parses a JSON body. Only for routes with a body: other routes never read one. */
export const jsonBody: RequestHandler[] = [requireJson, express.json({ limit: BODY_LIMIT })];

/**
 * @returns the parsed value
 * @throws Problem `invalid-request` with a JSON pointer to each invalid part
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

/** Checks the header of an empty body too: with a correct type, the answer then reports the body, not the type. */
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
