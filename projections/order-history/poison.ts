/** Decides which events the order history cannot apply. */
import type { Received } from '../consumer/feed-page';
import { serviceOf } from '../../events/base-uri';
import { EVENT_TYPES, isEventType, schemaOf, schemaPath } from '../../events/event-types';

/**
 * @returns why the event cannot be applied; undefined when it can. An event of an unknown type is stored without effect,
 *   because it may be new. An event of an unknown version cannot be applied: the meaning of its data has changed.
 */
export function whyPoison({
  type,
  dataschema,
  data,
}: Pick<Received, 'type' | 'dataschema' | 'data'>): string | undefined {
  if (!isEventType(type)) return undefined;
  const version = Number(dataschema.slice(dataschema.lastIndexOf('/') + 1));
  const schema = schemaOf(EVENT_TYPES[type], version);
  if (!schema || !dataschema.endsWith(schemaPath(type, version))) return `${dataschema} is not known`;
  const { error } = schema.safeParse(data);
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}

/** Key of the aggregate of an event. The base of `source` may change in the life of an aggregate. */
export function aggregateOf({ source, subject }: Pick<Received, 'source' | 'subject'>): string {
  return `${serviceOf(source) ?? source} ${subject}`;
}
