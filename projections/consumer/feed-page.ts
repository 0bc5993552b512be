/** A page of the feed, over HTTP: what a consumer in another repository would copy first. */
import { z } from 'zod';
import { withTimeoutSignal } from '../../platform/with-timeout';

/** What a consumer has to know of an event; whatever else is in it is left alone. */
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
  /** Where to read on; the checkpoint of whoever has taken this page in. */
  readonly nextCursor: string;
  /** By source, ISO 8601: who has taken this page in has everything that had been committed by then. */
  readonly completeTo: Readonly<Record<string, string>>;
  /** By source: the position up to which its events have been pruned. */
  readonly startsAfter: Readonly<Record<string, string>>;
}

/** The feed does not go back as far as the cursor any more: events were missed, which only a person can judge. */
class FeedStartsLater extends Error {
  override readonly name = 'FeedStartsLater';
}

/** A service was restored from an older backup: events that were taken in are not in its feed any more. */
export class FeedWentBack extends Error {
  override readonly name = 'FeedWentBack';
}

const LOST = z.object({ type: z.literal('/problems/cursor-of-lost-events') });

/** 10 s: the feed answers earlier when there is something new. */
const WAIT_S = 10;

/** 500 events in one transaction: a few milliseconds for a set-based effect. */
const LIMIT = 500;

/** 15 s: longer than the feed may wait. */
const ANSWER_WITHIN_MS = 15_000;

/**
 * The next page after `cursor`; empty when nothing came in the time that the feed waits.
 *
 * @throws FeedStartsLater when the feed begins after the cursor
 * @throws FeedWentBack when events before the cursor are lost
 * @throws Error when the feed does not answer as it should
 */
export async function nextPage(
  feedUrl: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<FeedPage> {
  const url = new URL('/events', feedUrl);
  url.searchParams.set('limit', String(LIMIT));
  if (cursor !== null) url.searchParams.set('after', cursor);
  const headers = { Accept: 'application/json', Prefer: `wait=${String(WAIT_S)}` };
  const { ok, status, body } = await withTimeoutSignal(ANSWER_WITHIN_MS, signal, async (over) => {
    const response = await fetch(url, { headers, signal: over });
    return { ok: response.ok, status: response.status, body: await response.json() };
  });
  if (LOST.safeParse(body).success) throw new FeedWentBack(JSON.stringify(body));
  if (status === 410) throw new FeedStartsLater(JSON.stringify(body));
  if (!ok) throw new Error(`${url.href} answered ${String(status)}: ${JSON.stringify(body)}`);
  return pageSchema.parse(body);
}
