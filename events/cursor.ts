/** The cursor of the feed: a position in the events of each service. Opaque to clients, and verified by a digest. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EVENT_SOURCES, type EventSource } from '../domain/events';

/** A position in the events of one service. */
export interface LogPosition {
  /** Id of the feed in the service's database. A position has no meaning in another database. */
  readonly feedId: string;
  readonly position: bigint;
  /** Id of the event at the position; detects a restored database, which has another event there. Absent without one. */
  readonly eventId?: string | undefined;
}

/** By source; a source that has not been read is absent. */
export type Positions = Readonly<Partial<Record<EventSource, LogPosition>>>;

/** The cursor is malformed, was changed, or is of another feed. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor';
}

/** By service: the `sequence` up to which events have been pruned; zeros when none have been. */
export type StartsAfter = Readonly<Partial<Record<EventSource, string>>>;

/** Events after the cursor have been pruned: a reader that continued from it would miss them. */
export class CursorTooOld extends Error {
  override readonly name = 'CursorTooOld';

  constructor(
    message: string,
    readonly startsAfter: StartsAfter,
  ) {
    super(message);
  }
}

/** The service's database was restored from an older backup, and events before the cursor are no longer in the feed. */
export class CursorOfLostEvents extends Error {
  override readonly name = 'CursorOfLostEvents';
}

const NOT_OURS = 'is not a cursor of this feed';

/** 8 bytes: detects accidental changes. It does not stop an attacker, who gains nothing: the feed is readable anyway. */
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

/** Validates the content: a correct digest does not prove that this feed made the cursor. */
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
