/** Limits the open orders of each customer: PENDING or CANCELLING, and those whose row is not committed yet. */
import type { OrderState } from '../../domain/order';
import type { OrderDatabase } from '../../prisma/order/client';
import { Problem } from '../http/problems';
import { shortRetryAfter } from '../http/retry-after';

const OPEN: OrderState[] = ['PENDING', 'CANCELLING'];

/**
 * 1 s: counting takes one statement for all customers, so that an order costs none. Until the next count, the orders that this
 * process places are added. Other processes may place orders above the limit for as long.
 */
const COUNTED_EVERY_MS = 1_000;

/** A twentieth of the time: during an outage, when many orders are open, the count takes longer. */
const PAUSE_PER_COUNT = 20;

interface Count {
  /** Customers that had as many open orders as they may have. */
  readonly atLimit: ReadonlySet<string>;
  readonly nextAt: number;
}

export class OpenOrders {
  #last: Count | undefined;
  #counting: Promise<void> | undefined;
  /** Orders that this process has placed since the last count, by customer. */
  #placed = new Map<string, number>();
  /** Those since a count under way has begun, and those before whose row it may miss. */
  #placedSinceNext: Map<string, number> | undefined;
  /** Orders whose row is not committed, by customer. */
  readonly #placing = new Map<string, number>();

  /** @param max open orders of one customer; undefined: no limit */
  constructor(
    private readonly db: Pick<OrderDatabase, 'order'>,
    private readonly max: number | undefined,
  ) {}

  /**
   * @param place commits the order's row
   * @throws Problem `too-many-open-orders` when the customer has as many as it may have; `place` is not called then
   */
  async run<T>(customerId: string, place: () => Promise<T>): Promise<T> {
    if (this.max === undefined) return place();
    await this.#admit(customerId, this.max);
    try {
      return await place();
    } finally {
      add(this.#placing, customerId, -1);
    }
  }

  async #admit(customerId: string, max: number): Promise<void> {
    if (performance.now() >= (this.#last?.nextAt ?? 0)) {
      this.#counting ??= this.#count(max);
      if (!this.#last) await this.#counting;
    }
    if (this.#last?.atLimit.has(customerId) || (this.#placed.get(customerId) ?? 0) >= max) {
      // Orders of this customer may have been decided since the count.
      const open = await this.db.order.count({ where: { customerId, state: { in: OPEN } }, take: max });
      if (open + (this.#placing.get(customerId) ?? 0) >= max) throw tooMany(max);
    }
    for (const counts of [this.#placing, this.#placed, this.#placedSinceNext])
      if (counts) add(counts, customerId, 1);
  }

  /** Never rejects: after a failure the last count stays, and the order's own statement reports what is wrong. */
  async #count(max: number): Promise<void> {
    const began = performance.now();
    this.#placedSinceNext = new Map(this.#placing);
    let atLimit = this.#last?.atLimit ?? new Set<string>();
    try {
      const customers = await this.db.order.groupBy({
        by: ['customerId'],
        where: { state: { in: OPEN } },
        having: { customerId: { _count: { gte: max } } },
      });
      atLimit = new Set(customers.map(({ customerId }) => customerId));
      this.#placed = this.#placedSinceNext;
    } catch {
      // `#placed` goes on.
    }
    this.#placedSinceNext = undefined;
    this.#counting = undefined;
    const now = performance.now();
    this.#last = { atLimit, nextAt: now + Math.max(COUNTED_EVERY_MS, (now - began) * PAUSE_PER_COUNT) };
  }
}

function tooMany(max: number): Problem {
  return new Problem(
    'too-many-open-orders',
    `The customer has ${String(max)} orders that are not decided yet. This one was not placed; send it again later.`,
    { headers: { 'Retry-After': String(shortRetryAfter()) } },
  );
}

function add(counts: Map<string, number>, customerId: string, change: number): void {
  const count = (counts.get(customerId) ?? 0) + change;
  if (count === 0) counts.delete(customerId);
  else counts.set(customerId, count);
}
