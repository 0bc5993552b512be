/** The feed's cursor: how far somebody has read in each service's events. Opaque to callers, and checked. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EVENT_SOURCES, type EventSource } from '../domain/events';

/** A place in one service's events. */
export interface LogPosition {
  /** Of the service's database: a position means nothing in another one. */
  readonly feedId: string;
  readonly position: bigint;
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

const NOT_OURS = 'is not a cursor of this feed';

/** 8 bytes: against slips, not against an attacker, who may read the whole feed anyway. */
const DIGEST_LENGTH = 8;

const content = z.partialRecord(z.enum(EVENT_SOURCES), z.tuple([z.guid(), z.string().regex(/^\d{1,18}$/)]));

export function encodeCursor(positions: Positions): string {
  const entries = EVENT_SOURCES.flatMap((source) => {
    const at = positions[source];
    return at ? [[source, [at.feedId, String(at.position)]]] : [];
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
    Object.entries(contentOf(json)).map(([source, [feedId, position]]) => [
      source,
      { feedId, position: BigInt(position) },
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
