/**
 * Clients that place orders continuously, retry each request until it is answered, and record every answer.
 */
import { randomUUID } from 'node:crypto';
import { type Acknowledged, acknowledged, placeOrder, recordAnswer } from './acknowledged-order';
import type { Answer, Call, RetryingClient } from './retrying-client';
import { orderIdOf, untilPlacedOrNot } from './not-placed';
import type { Random } from './random';

/** 10: groups of orders have several customers, and each customer has several orders at once. */
const CUSTOMERS = 10;

/** 60 s: a ready service answers. */
const CUSTOMERS_WITHIN_MS = 60_000;

/**
 * Per 100 orders: over the limit; cancelled later; placed by a client that disconnects first; waited for (the
 * others are answered while PENDING, so that cancellations meet every step); read later; not sent again after
 * "not placed".
 */
const REFUSED = 10;
const CANCELLED = 35;
const DISCONNECTED = 5;
const WAITED_FOR = 50;
const READ = 20;
const TRUSTED = 50;

const WAIT = { Prefer: 'wait=5' };

export class Load {
  readonly acknowledged = new Map<string, Acknowledged>();
  /** Ids of orders for which every answer was "not placed". */
  readonly notPlaced = new Set<string>();
  /** Clients that disconnected before an answer. */
  disconnected = 0;
  /** Reads of orders right after their cancellation was accepted. */
  readsAfterCancel = 0;
  readonly #over = new AbortController();
  #customers: readonly string[] = [];
  #callers: Promise<unknown>[] = [];

  constructor(
    readonly client: RetryingClient,
    private readonly random: Random,
  ) {}

  /** @throws Error when no customers can be created */
  async begin(callers: number): Promise<void> {
    this.client.giveUpIn(CUSTOMERS_WITHIN_MS);
    this.#customers = await Promise.all(Array.from({ length: CUSTOMERS }, () => this.#customer()));
    this.client.giveUpIn(Infinity);
    this.#callers = Array.from({ length: callers }, () => this.#call());
  }

  /** Adds clients with one order each. */
  placeMore(orders: number): void {
    for (let count = 0; count < orders; count++) this.#callers.push(this.#place(this.#anyCustomer()));
  }

  /**
   * Places no new orders. Resolves when every client has its answer, or at the deadline, which is recorded as
   * a missing answer.
   */
  async end(withinMs: number): Promise<void> {
    this.#over.abort();
    this.client.giveUpIn(withinMs);
    await Promise.all(this.#callers);
  }

  #anyCustomer(): string {
    return this.#customers[this.random.below(this.#customers.length)] ?? '';
  }

  async #call(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const order = await this.#place(this.#anyCustomer());
      if (!order) continue;
      if (this.#draws(CANCELLED)) await this.#cancel(order);
      if (this.#draws(READ)) await this.#read(order);
      // One open order per client keeps the load within capacity.
      if (order.states.has('PENDING')) await this.#repeat(order);
    }
  }

  async #place(customerId: string): Promise<Acknowledged | undefined> {
    const key = randomUUID();
    const amount = this.#draws(REFUSED) ? '9000000000.00' : '1.00';
    const call = placeOrder({ customerId, amount, key }, this.#draws(WAITED_FOR) ? WAIT : {});
    const sentBefore = this.#draws(DISCONNECTED);
    if (sentBefore && !(await this.client.ask(call, 5 + this.random.below(30)))) this.disconnected += 1;
    const options = { sentBefore, trusts: this.#draws(TRUSTED) };
    const classified = await untilPlacedOrNot(this.client, call, options);
    if (classified?.kind === 'come back') {
      this.notPlaced.add(orderIdOf(key));
      return undefined;
    }
    const answer = this.#expected(call, classified, [200, 201, 202]);
    if (!answer) return undefined;
    const { orderId, state } = answer.body;
    const known = acknowledged({ orderId: String(orderId), customerId, amount, key }, String(state));
    this.acknowledged.set(known.orderId, known);
    return known;
  }

  /** Repeats the request with the same key and waits: it must return the same order. */
  async #repeat(order: Acknowledged): Promise<void> {
    const answer = await this.#expect(placeOrder(order, WAIT), [201, 202]);
    if (!answer) return;
    recordAnswer(order, answer);
    if (answer.body['orderId'] !== order.orderId)
      this.client.noteInvalid(`the key of ${order.orderId} was answered ${JSON.stringify(answer.body)}`);
  }

  async #cancel(order: Acknowledged): Promise<void> {
    const headers = { 'Idempotency-Key': order.key, ...(this.#draws(WAITED_FOR) && WAIT) };
    const answer = await this.#expect(
      { method: 'POST', path: `/orders/${order.orderId}/cancel`, headers },
      [200, 202, 409],
    );
    if (!answer) return;
    if (answer.status === 409) {
      order.refusedToCancel = true;
      return;
    }
    order.cancelled = true;
    // An accepted cancellation must be visible at once, in every process.
    const read: Call = { method: 'GET', path: `/orders/${order.orderId}` };
    const reads = await this.client.askEverywhere(read);
    this.readsAfterCancel += reads.length;
    for (const each of [answer, ...reads]) recordAnswer(order, each);
  }

  /** A random read: an acknowledged order must be visible at once. */
  async #read({ orderId, customerId }: Acknowledged): Promise<void> {
    const reads: readonly [string, readonly number[]][] = [
      [`/orders/${orderId}`, [200]],
      [`/orders?customerId=${customerId}&limit=5`, [200]],
      [`/customers/${customerId}`, [200]],
      [`/customers/${customerId}?include=orders`, [200]],
      // The order history may not have the customer yet.
      [`/customers/${customerId}/order-history?limit=5`, [200, 404]],
      ['/events?limit=5', [200]],
    ];
    const [path, statuses] = reads[this.random.below(reads.length)] ?? ['/orders', [200]];
    await this.#expect({ method: 'GET', path }, statuses);
  }

  async #customer(): Promise<string> {
    const body = { name: 'Ada', creditLimit: { amount: '1000000.00', currency: 'USD' } };
    const headers = { 'Idempotency-Key': randomUUID() };
    const answer = await this.#expect({ method: 'POST', path: '/customers', body, headers }, [201]);
    if (!answer) throw new Error(`no customer can be created: ${this.client.invalid.join('\n')}`);
    return String(answer.body['customerId']);
  }

  async #expect(call: Call, statuses: readonly number[]): Promise<Answer | undefined> {
    return this.#expected(call, await this.client.untilAnswered(call), statuses);
  }

  #expected(call: Call, answer: Answer | undefined, statuses: readonly number[]): Answer | undefined {
    if (!answer || statuses.includes(answer.status)) return answer;
    const { status, body } = answer;
    this.client.noteInvalid(`${call.method} ${call.path}: ${String(status)} ${JSON.stringify(body)}`);
    return undefined;
  }

  #draws(ofAHundred: number): boolean {
    return this.random.below(100) < ofAHundred;
  }
}
