/** The feed's cursor: how far somebody has read in each service's events. Opaque to callers, and checked. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EVENT_SOURCES, type EventSource } from '../domain/events';

/** A place in one service's events. */
export interface LogPosition {
  /** Of the service's database: a position means nothing in another one. */
  readonly feedId: string;
  readonly position: bigint;
  /** Of the event at the position: another one there is from another history. Absent where there is no event (any more). */
  readonly eventId?: string | undefined;
}

/** A source that is not named has not been read yet. */
export type Positions = Readonly<Partial<Record<EventSource, LogPosition>>>;

/** The cursor is not one of this feed's, or was changed. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor';
}

/** By source: the position up to which its events have been pruned; '0' where all are there. */
export type StartsAfter = Readonly<Partial<Record<EventSource, string>>>;

/** Events after the cursor have been pruned: reading on from it would skip them. */
export class CursorTooOld extends Error {
  override readonly name = 'CursorTooOld';

  constructor(
    message: string,
    readonly startsAfter: StartsAfter,
  ) {
    super(message);
  }
}

/** The service's database was restored from an older backup: events before the cursor are not in the feed any more. */
export class CursorOfLostEvents extends Error {
  override readonly name = 'CursorOfLostEvents';
}

const NOT_OURS = 'is not a cursor of this feed';

/** 8 bytes: against slips, not against an attacker, who may read the whole feed anyway. */
const DIGEST_LENGTH = 8;

const content = z.partialRecord(
  z.enum(EVENT_SOURCES),
  z.tuple([
    z.guid(),
    z.string().regex(/^\d{1,18}$/),
    z
      .string()
      .regex(/^[\d-]{1,40}$/)
      .optional(),
  ]),
);

export function encodeCursor(positions: Positions): string {
  const entries = EVENT_SOURCES.flatMap((source) => {
    const at = positions[source];
    if (!at) return [];
    const { feedId, position, eventId } = at;
    return [[source, [feedId, String(position), ...(eventId === undefined ? [] : [eventId])]]];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  return Buffer.concat([digestOf(json), json]).toString('base64url');
}

/** @throws BadCursor */
export function decodeCursor(cursor: string): Positions {
  const bytes = Buffer.from(cursor, 'base64url');
  const json = bytes.subarray(DIGEST_LENGTH);
  if (!bytes.subarray(0, DIGEST_LENGTH).equals(digestOf(json)) || bytes.toString('base64url') !== cursor)
    throw new BadCursor(NOT_OURS);
  return Object.fromEntries(
    Object.entries(contentOf(json)).map(([source, [feedId, position, eventId]]) => [
      source,
      { feedId, position: BigInt(position), ...(eventId !== undefined && { eventId }) },
    ]),
  );
}

/** Anybody can make the digest, whatever it is of. */
function contentOf(json: Buffer): z.infer<typeof content> {
  try {
    return content.parse(JSON.parse(json.toString()));
  } catch (cause) {
    throw new BadCursor(NOT_OURS, { cause });
  }
}

function digestOf(json: Buffer): Buffer {
  return createHash('sha256').update(json).digest().subarray(0, DIGEST_LENGTH);
}
