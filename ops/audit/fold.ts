/**
 * Invariant 5: folds the events of an order, of its reservation and of a customer into the rows that they should have. Pure;
 * the audit compares the result with the rows.
 *
 * A customer's reserved amount has no events of its own: invariant 1 compares it with the sum of the reservations. A
 * customer's name is in no event: its erasure is the row's second version.
 */
import type { DomainEvents, OrderEvents } from '../../domain/events';
import { TRANSITIONS } from '../../domain/order-transitions';
import { EVENT_TYPES } from '../../events/event-types';
import type { AggregateEvents, CustomerRow, OrderRow, RecordedEvent, ReservationRow } from './rows';

export type FoldedOrder = Omit<OrderRow, 'id' | 'sagaId'>;
export type FoldedReservation = Omit<ReservationRow, 'orderId' | 'sagaId'>;
export type FoldedCustomer = Omit<CustomerRow, 'reservedMinor'>;

export interface Folded<Row> {
  /** The row after the last event; undefined without events. */
  readonly row: Row | undefined;
  /** Errors in the sequence of events. */
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
    switch (event.type) {
      case 'CustomerCreated':
      case 'CustomerPersonalDataErased': {
        const data = dataOf(event.type, event);
        if (data?.customerId !== event.subject) return undefined;
        const { customerId, creditLimitMinor, currency } = data;
        const row = { limitMinor: BigInt(creditLimitMinor), currency, version: event.sequence };
        const state = event.type === 'CustomerCreated' ? 'CREATED' : 'ERASED';
        return { row, state, about: `${customerId} ${String(creditLimitMinor)} ${currency}` };
      }
      default:
        return undefined;
    }
  });
}

/** The states that each type of event can follow; undefined is the initial state. */
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
  CustomerPersonalDataErased: ['CREATED'],
};

function statesBefore(type: keyof OrderEvents): string[] {
  return Object.values(TRANSITIONS).flatMap(({ event, from }) => (event === type ? [from] : []));
}

/** The content of one event. */
interface Parsed<Row> {
  readonly row: Row;
  /** State after the event. */
  readonly state: string;
  /** Content that all events of the subject share. */
  readonly about: string;
  /** Minor units that are reserved after the event. */
  readonly holds?: number;
  /** Minor units that the event releases. */
  readonly givesBack?: number | undefined;
}

/**
 * Folds the events by sequence, each once. After an error it continues with the content of the event.
 *
 * @param read returns undefined for an event of another subject, or with invalid data
 */
function fold<Row>(
  { events, pruned }: AggregateEvents,
  read: (event: RecordedEvent) => Parsed<Row> | undefined,
): Folded<Row> {
  const wrong: string[] = [];
  const seen = new Set<string>();
  let before: Parsed<Row> | undefined;
  let sequence = 0;
  let understood = true;
  for (const event of events) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const isNext = event.sequence === sequence + 1;
    if (!isNext && (sequence > 0 || pruned === 'none')) wrong.push(`there is a gap before ${named(event)}`);
    const parsed = read(event);
    if (!parsed) wrong.push(`${named(event)} does not belong here, or does not say what it must`);
    else if (isNext && understood) wrong.push(...wrongAfter(before, event, parsed));
    understood = parsed !== undefined;
    before = parsed ?? before;
    sequence = event.sequence;
  }
  return { row: before?.row, wrong };
}

function wrongAfter<Row>(
  before: Parsed<Row> | undefined,
  event: RecordedEvent,
  { about, givesBack }: Parsed<Row>,
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

/** @returns undefined when the data does not match the schema of the type */
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

/** @returns a description of each property of `expected` that differs in the row */
export function differences<Row extends object>(expected: Row, row: NoInfer<Row>): string[] {
  const keys = Object.keys(expected) as (keyof Row)[];
  return keys.flatMap((key) =>
    row[key] === expected[key] ? [] : [`${String(key)} ${String(row[key])}, not ${String(expected[key])}`],
  );
}
