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
  readonly version: number;
}

export interface RecordedEvent {
  readonly subject: string;
  readonly sequence: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface OrderView {
  readonly id: string;
  readonly customerId: string;
  readonly totalMinor: bigint;
  readonly state: string;
  readonly reason: string | null;
  readonly version: number;
}

/** All that is known about one order; what is undefined is not there. */
export interface OrderFacts {
  readonly id: string;
  readonly order: OrderRow | undefined;
  readonly reservation: ReservationRow | undefined;
  readonly orderEvents: readonly RecordedEvent[];
  readonly reservationEvents: readonly RecordedEvent[];
  /** Undefined also where no order history is audited. */
  readonly view: OrderView | undefined;
}

export interface CustomerFacts {
  readonly id: string;
  readonly limitMinor: bigint;
  readonly reservedMinor: bigint;
  /** Sum of its RESERVED reservations. */
  readonly heldMinor: bigint;
  /** What the order history says; undefined also where none is audited. */
  readonly viewedMinor: bigint | undefined;
}

/** What the databases of these facts keep. */
export interface Coverage {
  /** Whether events have been pruned: an old story may have lost its beginning. */
  readonly ordersPruned: boolean;
  readonly creditPruned: boolean;
  readonly withView: boolean;
}
