/** Reads a page of the feed over HTTP. A consumer in another repository can start from this file. */
import { z } from 'zod';
import { answerTimeoutMs } from '../../platform/answer-timeout';
import { withTimeoutSignal } from '../../platform/with-timeout';

/** The properties of an event that a consumer needs; others are ignored. */
const received = z.object({
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.guid(),
  aggregateversion: z.int(),
  sequence: z.string(),
  time: z.string(),
  dataschema: z.string(),
  data: z.record(z.string(), z.unknown()),
});

const pageSchema = z.object({
  items: z.array(received),
  nextCursor: z.string(),
  completeTo: z.record(z.string(), z.iso.datetime()).default({}),
  startsAfter: z.record(z.string(), z.string()).default({}),
});

export type Received = Readonly<z.infer<typeof received>>;

export interface FeedPage {
  readonly items: readonly Received[];
  /** The cursor after this page: the checkpoint of a consumer that has applied it. */
  readonly nextCursor: string;
  /** By service (the end of `source`), ISO 8601: every event that was committed by this time is in the pages up to this one. */
  readonly completeTo: Readonly<Record<string, string>>;
  /** By service: the sequence up to which its events have been pruned. */
  readonly startsAfter: Readonly<Record<string, string>>;
}

/**
 * Reads the page after a cursor; null reads from the start. The page is empty when the feed had no new events within its wait.
 *
 * @param waitS seconds for which the feed may wait for new events; 10 by default
 * @throws FeedStartsLater when the feed starts after the cursor
 * @throws FeedWentBack when events before the cursor are lost
 */
export type ReadPage = (after: string | null, signal: AbortSignal, waitS?: number) => Promise<FeedPage>;

/** The events after the cursor were pruned: the consumer has missed them. */
export class FeedStartsLater extends Error {
  override readonly name = 'FeedStartsLater';

  constructor(
    message: string,
    readonly startsAfter: FeedPage['startsAfter'],
  ) {
    super(message);
  }
}

/** A service was restored from an older backup: events that the consumer has applied are no longer in the feed. */
export class FeedWentBack extends Error {
  override readonly name = 'FeedWentBack';
}

const LOST = z.object({ type: z.literal('/problems/cursor-of-lost-events') });
const TOO_OLD = z.object({
  type: z.literal('/problems/cursor-too-old'),
  startsAfter: pageSchema.shape.startsAfter,
});

/** 10 s: the feed answers earlier when it has new events. */
export const WAIT_S = 10;

/** 500 events in one transaction: a few milliseconds for a set-based effect. */
export const PAGE_EVENTS = 500;

/**
 * @param more additional headers, such as Authorization
 * @returns reads the feed over HTTP; fails when it does not answer, or answers with another status or format
 */
export function pagesOf(feedUrl: string, more: Readonly<Record<string, string>> = {}): ReadPage {
  return async (after, signal, waitS = WAIT_S) => {
    const url = new URL('/events', feedUrl);
    url.searchParams.set('limit', String(PAGE_EVENTS));
    if (after !== null) url.searchParams.set('after', after);
    // Compressing takes longer than the way between services.
    const identity = { 'Accept-Encoding': 'identity' };
    const headers = { ...more, ...identity, Accept: 'application/json', Prefer: `wait=${String(waitS)}` };
    const { ok, status, body } = await withTimeoutSignal(
      answerTimeoutMs(waitS * 1_000),
      signal,
      async (end) => {
        const response = await fetch(url, { headers, signal: end });
        return { ok: response.ok, status: response.status, body: await response.json() };
      },
    );
    if (LOST.safeParse(body).success) throw new FeedWentBack(JSON.stringify(body));
    const tooOld = TOO_OLD.safeParse(body);
    if (tooOld.success) throw new FeedStartsLater(JSON.stringify(body), tooOld.data.startsAfter);
    if (!ok) throw new Error(`${url.href} answered ${String(status)}: ${JSON.stringify(body)}`);
    return pageSchema.parse(body);
  };
}
