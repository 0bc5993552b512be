/** What the order history cannot understand. */
import type { Received } from '../consumer/feed-page';
import { EVENT_TYPES, isEventType } from '../events/event-types';

/**
 * @returns why the event is poison; undefined when it is not. A type that is not known is not: it is kept, and has no
 *   effect, because it may be new.
 */
export function whyPoison({ type, data }: Pick<Received, 'type' | 'data'>): string | undefined {
  if (!isEventType(type)) return undefined;
  const { error } = EVENT_TYPES[type].data.safeParse(data);
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
