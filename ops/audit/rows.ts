/** The facts that the invariants are checked on. */

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
  readonly limitMinor: bigint;
  readonly currency: string;
  readonly reservedMinor: bigint;
  readonly version: number;
}

export interface RecordedEvent {
  /** Id of the event, unique in its service. */
  readonly id: string;
  readonly subject: string;
  readonly sequence: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The events of one row, except the pruned ones. */
export interface AggregateEvents {
  /** Ordered by sequence. */
  readonly events: readonly RecordedEvent[];
  /** Which events may have been pruned, the oldest first. */
  readonly pruned: 'none' | 'the first' | 'all';
}

export type OrderView = Omit<OrderRow, 'sagaId'>;

/** All facts about one order; undefined properties do not exist in the databases. */
export interface OrderFacts {
  readonly id: string;
  readonly order: OrderRow | undefined;
  readonly reservation: ReservationRow | undefined;
  readonly orderEvents: AggregateEvents;
  readonly creditEvents: AggregateEvents;
  /** Undefined also when the order history is not audited. */
  readonly view: OrderView | undefined;
  /** Whether the order history has not applied all events of the order yet. */
  readonly viewBehind: boolean;
}

export interface CustomerFacts {
  readonly id: string;
  readonly customer: CustomerRow | undefined;
  readonly customerEvents: AggregateEvents;
  /** Sum of its RESERVED reservations. */
  readonly heldMinor: bigint;
  /** The row of the order history; undefined also when it is not audited. */
  readonly view: CustomerRow | undefined;
  /** Whether the order history has not applied all events about the customer yet. */
  readonly viewBehind: boolean;
}

/** What the audit covers. */
export interface Coverage {
  readonly withView: boolean;
}
