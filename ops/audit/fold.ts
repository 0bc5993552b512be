/**
 * Invariant 5: what the events of an order, of its reservation and of a customer say that their rows are. Pure; the
 * audit compares it with the rows.
 *
 * What a customer has reserved is not told by events of its own: it is what the reservations hold, each of which is
 * folded by itself (and invariant 1 is that the sum is right).
 */
import type { DomainEvents, OrderEvents } from '../../domain/events';
import { TRANSITIONS } from '../../domain/order-transitions';
import { EVENT_TYPES } from '../../events/event-types';
import type { AggregateEvents, CustomerRow, OrderRow, RecordedEvent, ReservationRow } from './rows';

export type FoldedOrder = Omit<OrderRow, 'id' | 'sagaId'>;
export type FoldedReservation = Omit<ReservationRow, 'orderId' | 'sagaId'>;
export type FoldedCustomer = Omit<CustomerRow, 'reservedMinor'>;

export interface Folded<Row> {
  /** As the last event leaves it; undefined where there is none. */
  readonly row: Row | undefined;
  /** What cannot have happened like this, in words. */
  readonly wrong: readonly string[];
}

export function foldOrder(recorded: AggregateEvents): Folded<FoldedOrder> {
  return fold(recorded, (event) => {
    switch (event.type) {
      case 'OrderCreated':
      case 'OrderApproved':
      case 'OrderCancellationRequested':
      case 'OrderCancelled': {
        const data = dataOf(event.type, event);
        if (data?.orderId !== event.subject) return undefined;
        const { customerId, currency, state } = data;
        const totalMinor = BigInt(data.amountMinor);
        const reason = 'reason' in data ? data.reason : null;
        const row = { customerId, totalMinor, currency, state, reason, version: event.sequence };
        return { row, state, about: contentOf(data) };
      }
      default:
        return undefined;
    }
  });
}

export function foldReservation(recorded: AggregateEvents): Folded<FoldedReservation> {
  return fold(recorded, (event) => {
    switch (event.type) {
      case 'CreditReserved':
      case 'CreditLimitExceeded':
      case 'CreditRejected':
      case 'CreditReleased': {
        const data = dataOf(event.type, event);
        if (data?.orderId !== event.subject) return undefined;
        const { customerId, currency } = data;
        const amountMinor = BigInt(data.amountMinor);
        const status = STATUS_AFTER[event.type];
        const reason = 'reason' in data ? data.reason : null;
        const row = { customerId, amountMinor, currency, status, reason, version: event.sequence };
        const holds = status === 'RESERVED' ? data.amountMinor : 0;
        const givesBack = 'heldMinor' in data ? data.heldMinor : undefined;
        return { row, state: status, about: contentOf(data), holds, givesBack };
      }
      default:
        return undefined;
    }
  });
}

const STATUS_AFTER = {
  CreditReserved: 'RESERVED',
  CreditReleased: 'RELEASED',
  CreditLimitExceeded: 'REJECTED',
  CreditRejected: 'REJECTED',
} as const;

export function foldCustomer(recorded: AggregateEvents): Folded<FoldedCustomer> {
  return fold(recorded, (event) => {
    const data = event.type === 'CustomerCreated' ? dataOf(event.type, event) : undefined;
    if (data?.customerId !== event.subject) return undefined;
    const { name, creditLimitMinor, currency } = data;
    const row = { name, limitMinor: BigInt(creditLimitMinor), currency };
    return { row, state: 'CREATED', about: data.customerId };
  });
}

/** For each type of event the states that it can follow; undefined is the beginning. */
const FOLLOWS: Readonly<Record<string, readonly (string | undefined)[]>> = {
  OrderCreated: [undefined],
  OrderApproved: statesBefore('OrderApproved'),
  OrderCancellationRequested: statesBefore('OrderCancellationRequested'),
  OrderCancelled: statesBefore('OrderCancelled'),
  CreditReserved: [undefined],
  CreditLimitExceeded: [undefined],
  CreditRejected: [undefined],
  CreditReleased: [undefined, 'RESERVED'],
  CustomerCreated: [undefined],
};

function statesBefore(type: keyof OrderEvents): string[] {
  return Object.values(TRANSITIONS).flatMap(({ event, from }) => (event === type ? [from] : []));
}

/** What one event says. */
interface Told<Row> {
  readonly row: Row;
  /** Afterwards. */
  readonly state: string;
  /** What every event of the subject says alike. */
  readonly about: string;
  /** Of the customer's credit, minor units, as are those that it gives back. */
  readonly holds?: number;
  readonly givesBack?: number | undefined;
}

/**
 * In their order, each event once; goes on after what is wrong, with what the event says.
 *
 * @param read says undefined of an event that does not belong to the subject, or does not say what it must
 */
function fold<Row>(
  { events, pruned }: AggregateEvents,
  read: (event: RecordedEvent) => Told<Row> | undefined,
): Folded<Row> {
  const wrong: string[] = [];
  const seen = new Set<string>();
  let before: Told<Row> | undefined;
  let sequence = 0;
  let understood = true;
  for (const event of events) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const isNext = event.sequence === sequence + 1;
    if (!isNext && (sequence > 0 || pruned === 'none')) wrong.push(`there is a gap before ${named(event)}`);
    const told = read(event);
    if (!told) wrong.push(`${named(event)} does not belong here, or does not say what it must`);
    else if (isNext && understood) wrong.push(...wrongAfter(before, event, told));
    understood = told !== undefined;
    before = told ?? before;
    sequence = event.sequence;
  }
  return { row: before?.row, wrong };
}

function wrongAfter<Row>(
  before: Told<Row> | undefined,
  event: RecordedEvent,
  { about, givesBack }: Told<Row>,
): string[] {
  if (!FOLLOWS[event.type]?.includes(before?.state))
    return [`${named(event)} cannot follow ${before?.state ?? 'nothing'}`];
  if (before && before.about !== about)
    return [`${named(event)} is about another customer, amount or currency`];
  const held = before?.holds ?? 0;
  return givesBack === undefined || givesBack === held
    ? []
    : [`${named(event)} gives back ${String(givesBack)} of ${String(held)}`];
}

/** @returns undefined when the data is not what an event of this type has */
function dataOf<Type extends keyof DomainEvents>(
  type: Type,
  { data }: RecordedEvent,
): DomainEvents[Type] | undefined {
  return EVENT_TYPES[type].data.safeParse(data).data;
}

function contentOf(data: DomainEvents['CreditReserved']): string {
  return `${data.customerId} ${String(data.amountMinor)} ${data.currency}`;
}

export function named({ type, sequence }: RecordedEvent): string {
  return `${type} (${String(sequence)})`;
}

/** @returns for each property of `told` in which the row is otherwise: both, in words */
export function differences<Told extends object>(told: Told, row: NoInfer<Told>): string[] {
  const keys = Object.keys(told) as (keyof Told)[];
  return keys.flatMap((key) =>
    row[key] === told[key] ? [] : [`${String(key)} ${String(row[key])}, not ${String(told[key])}`],
  );
}
