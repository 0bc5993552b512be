/** The request headers that change how a write is answered. */
import type { Request, Response } from 'express';
import { v5 as uuidOf, v7 as newUuid } from 'uuid';
import { Problem } from './problems';

/** 30 s: proxies cut connections that are silent for longer. */
const LONGEST_WAIT_S = 30;

/** RFC 4122 namespaces of our own, so that a key for an order never meets one for a customer. */
const KEY_NAMESPACES = {
  order: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e01',
  customer: '6f1c2a0e-6a58-5d0e-9a4e-6d0b4a6c7e02',
} as const;

const VISIBLE_ASCII = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/**
 * How long the caller wants to wait for the outcome, milliseconds: `Prefer: wait=N` of RFC 7240, at most
 * 30 s. 0 when it did not ask; a preference that cannot be understood is ignored, as the RFC says.
 */
export function preferredWaitMs(request: Request): number {
  const preferences = (request.get('Prefer') ?? '').split(',');
  for (const preference of preferences) {
    const [, seconds] = /^\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:;.*)?$/i.exec(preference) ?? [];
    if (seconds !== undefined) return Math.min(Number(seconds), LONGEST_WAIT_S) * 1_000;
  }
  return 0;
}

export function confirmWait(response: Response, waitMs: number): void {
  response.set('Preference-Applied', `wait=${String(waitMs / 1_000)}`);
}

/**
 * The id of what the request creates: of its Idempotency-Key, so that a repeated request lands on the same
 * thing, or a new time-ordered one.
 *
 * @throws Problem `invalid-request` when the key is not 1 to 255 visible ASCII characters
 */
export function idToCreate(request: Request, kind: keyof typeof KEY_NAMESPACES): { id: string; keyed: boolean } {
  const key = request.get('Idempotency-Key');
  if (key === undefined) return { id: newUuid(), keyed: false };
  if (!VISIBLE_ASCII.test(key)) {
    throw new Problem('invalid-request', 'Idempotency-Key has to be 1 to 255 visible ASCII characters.');
  }
  return { id: uuidOf(key, KEY_NAMESPACES[kind]), keyed: true };
}
