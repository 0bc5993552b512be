/** Validates requests against schemas, and reports which parts are invalid. */
import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { type PartError, Problem } from './problems';

/** 16 KiB: twelve times the largest valid body. */
const BODY_LIMIT = '16kb';

/** Parses a JSON body. Only for routes with a body: other routes never read one. */
export const jsonBody = jsonBodyUpTo(BODY_LIMIT);

/** @param limit for bodies that are no resources, as `1mb` */
export function jsonBodyUpTo(limit: string): RequestHandler[] {
  return [
    requireJson,
    express.json({
      limit,
      verify: (_request, _response, bytes) => {
        // The parser would replace each invalid byte, so two different bodies would become one.
        if (!isUtf8(bytes)) throw new Problem('malformed-request', 'The body is not valid UTF-8.');
      },
    }),
  ];
}

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
  const type = request.get('Content-Type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Problem('unsupported-media-type', 'Send the body with Content-Type: application/json.');
  }
  // RFC 8259: JSON that systems exchange is UTF-8.
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type) ?? [];
  if (charset.toLowerCase() !== 'utf-8')
    throw new Problem('unsupported-media-type', 'Send the body as UTF-8.');
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
