/** What may come in. The same schemas validate and describe. */
import type { Request } from 'express';
import { z } from 'zod';
import { ORDER_STATES } from '../domain/order';
import { moneySchema } from './money';
import { type PartError, Problem } from './problems';

/** Anything but control characters: a name ends up in logs' and terminals' neighbourhoods. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;

export const newCustomerBody = z.strictObject({
  name: z.string().trim().min(1).max(200).regex(PRINTABLE, 'must not contain control characters'),
  creditLimit: moneySchema(0),
});

export const newOrderBody = z.strictObject({
  customerId: z.guid().toLowerCase(),
  orderTotal: moneySchema(1),
});

export const idParameters = z.strictObject({ id: z.guid().toLowerCase() });

const page = {
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(200).optional(),
};
const state = z.enum(ORDER_STATES).optional();

export const ordersQuery = z.strictObject({ customerId: z.guid().toLowerCase().optional(), state, ...page });
export const customerOrdersQuery = z.strictObject({ state, ...page });

/**
 * @returns the parsed value
 * @throws Problem `invalid-request` with a JSON pointer to each part that is wrong
 */
export function valid<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap(partErrors);
  throw new Problem('invalid-request', errors.map(({ pointer, detail }) => `${pointer || '/'} ${detail}`).join('; '), { errors });
}

/**
 * The body of a request that has to be JSON.
 *
 * @throws Problem `unsupported-media-type` or `invalid-request`
 */
export function validBody<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  if (!request.is('application/json')) {
    throw new Problem('unsupported-media-type', 'Send the body with Content-Type: application/json.');
  }
  return valid(schema, request.body);
}

function partErrors(issue: z.core.$ZodIssue): PartError[] {
  const pointer = issue.path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  if (issue.code !== 'unrecognized_keys') return [{ pointer, detail: issue.message }];
  return issue.keys.map((key) => ({ pointer: `${pointer}/${key}`, detail: 'is not a known field' }));
}
