/** What the databases say, as the invariants want it. */

/** Amounts are minor units of the row's currency. */
export interface OrderRow {
  readonly id: string;
  readonly sagaId: string;
  readonly customerId: string;
  readonly totalMinor: bigint;
  readonly currency: string;
  readonly state: string;
  readonly reason: string | null;
  readonly version: number;
}

export interface ReservationRow {
  readonly orderId: string;
  readonly sagaId: string;
  readonly customerId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly status: string;
  readonly reason: string | null;
  readonly version: number;
}

export interface CustomerRow {
  readonly name: string;
  readonly limitMinor: bigint;
  readonly currency: string;
  readonly reservedMinor: bigint;
}

export interface RecordedEvent {
  /** Of the event, unique in its service. */
  readonly id: string;
  readonly subject: string;
  readonly sequence: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The events of one row, as far as they are kept. */
export interface AggregateEvents {
  /** By sequence. */
  readonly events: readonly RecordedEvent[];
  /** Which of them may have been pruned: the oldest go first. */
  readonly pruned: 'none' | 'the first' | 'all';
}

export type OrderView = Omit<OrderRow, 'sagaId'>;

/** All that is known about one order; what is undefined is not there. */
export interface OrderFacts {
  readonly id: string;
  readonly order: OrderRow | undefined;
  readonly reservation: ReservationRow | undefined;
  readonly orderEvents: AggregateEvents;
  readonly creditEvents: AggregateEvents;
  /** Undefined also where no order history is audited. */
  readonly view: OrderView | undefined;
  /** Whether the order history has still to take in an event of the order. */
  readonly viewBehind: boolean;
}

export interface CustomerFacts {
  readonly id: string;
  readonly customer: CustomerRow | undefined;
  readonly customerEvents: AggregateEvents;
  /** Sum of its RESERVED reservations. */
  readonly heldMinor: bigint;
  /** What the order history says; undefined also where none is audited. */
  readonly view: CustomerRow | undefined;
  /** Whether the order history has still to take in an event about the customer. */
  readonly viewBehind: boolean;
}

/** What is looked at. */
export interface Coverage {
  readonly withView: boolean;
}
