/**
 * The base of the absolute URIs in events. An event's `source` is `<base>/<service>`, and together with `id` it identifies
 * the event. So the database keeps the base of every published event: a base that is stated later is that of later events.
 */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { EVENT_SOURCES, type EventSource } from '../domain/events';
import type { SqlDatabase } from './sql';

export interface EventBase {
  /** An http or https URI without a trailing slash. */
  readonly uri: string;
  /** Whether `EVENT_BASE_URI` states it. Otherwise it is the address of this process, and the database keeps the first one. */
  readonly isStated: boolean;
}

/** Records the base of the events that are published from now on; idempotent. */
export async function keepEventBase(db: SqlDatabase, { uri, isStated }: EventBase): Promise<void> {
  await db.$queryRaw(sql`SELECT keep_event_base(${uri}, ${isStated}::boolean)::text`);
}

/**
 * The service of an event, whatever the base of its `source`.
 *
 * @returns undefined for a source of another system
 * @example
 * serviceOf('https://shop.example/order-service'); // '/order-service'
 */
export function serviceOf(source: string): EventSource | undefined {
  return EVENT_SOURCES.find((service) => source.endsWith(service));
}
