/** Reads a page of the feed over HTTP. A consumer in another repository can start from this file. */
import { z } from 'zod';
import { withTimeoutSignal } from '../../platform/with-timeout';

/** The properties of an event that a consumer needs; others are ignored. */
const received = z.object({
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.guid(),
  sequence: z.int(),
  position: z.string(),
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
  /** By source, ISO 8601: every event that was committed by this time is in the pages up to this one. */
  readonly completeTo: Readonly<Record<string, string>>;
  /** By source: the position up to which its events have been pruned. */
  readonly startsAfter: Readonly<Record<string, string>>;
}

/** The feed starts after the cursor: the consumer has missed events, and an operator must decide what to do. */
class FeedStartsLater extends Error {
  override readonly name = 'FeedStartsLater';
}

/** A service was restored from an older backup: events that the consumer has applied are no longer in the feed. */
export class FeedWentBack extends Error {
  override readonly name = 'FeedWentBack';
}

const LOST = z.object({ type: z.literal('/problems/cursor-of-lost-events') });

/** 10 s: the feed answers earlier when it has new events. */
const WAIT_S = 10;

/** 500 events in one transaction: a few milliseconds for a set-based effect. */
const LIMIT = 500;

/** 15 s: longer than the feed may wait. */
const ANSWER_WITHIN_MS = 15_000;

/**
 * Reads the page after `cursor`; it is empty when the feed had no new events within its wait.
 *
 * @param waitS seconds for which the feed may wait for new events
 * @throws FeedStartsLater when the feed starts after the cursor
 * @throws FeedWentBack when events before the cursor are lost
 * @throws Error when the feed does not answer, or answers with another status or format
 */
export async function nextPage(
  feedUrl: string,
  cursor: string | null,
  signal: AbortSignal,
  waitS = WAIT_S,
): Promise<FeedPage> {
  const url = new URL('/events', feedUrl);
  url.searchParams.set('limit', String(LIMIT));
  if (cursor !== null) url.searchParams.set('after', cursor);
  const headers = { Accept: 'application/json', Prefer: `wait=${String(waitS)}` };
  const { ok, status, body } = await withTimeoutSignal(ANSWER_WITHIN_MS, signal, async (end) => {
    const response = await fetch(url, { headers, signal: end });
    return { ok: response.ok, status: response.status, body: await response.json() };
  });
  if (LOST.safeParse(body).success) throw new FeedWentBack(JSON.stringify(body));
  if (status === 410) throw new FeedStartsLater(JSON.stringify(body));
  if (!ok) throw new Error(`${url.href} answered ${String(status)}: ${JSON.stringify(body)}`);
  return pageSchema.parse(body);
}
