/** Callers that place orders all the while, ask again until they are answered, and remember every answer. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random';

/** 10 s for an answer; a service that is stopped does not give one. */
const ANSWER_WITHIN_MS = 10_000;
const AGAIN_AFTER_MS = 100;

/** Of a hundred orders: asked for more than the limit, cancelled afterwards, and left by a caller who does not wait. */
const REFUSED = 10;
const CANCELLED = 25;
const GONE_AWAY = 5;

export interface Acknowledged {
  readonly orderId: string;
  readonly customerId: string;
  readonly amount: string;
  /** States that were answered. */
  readonly states: Set<string>;
  /** A cancellation was accepted. */
  cancelled: boolean;
}

export class Load {
  readonly acknowledged = new Map<string, Acknowledged>();
  /** Answers that no caller should get. */
  readonly strange: string[] = [];
  sentAgain = 0;
  readonly #over = new AbortController();
  #callers: Promise<void>[] = [];

  constructor(
    private readonly urls: readonly string[],
    private readonly random: Random,
  ) {}

  async begin(callers: number): Promise<void> {
    const customers = await Promise.all(Array.from({ length: 10 }, () => this.#customer()));
    this.#callers = Array.from({ length: callers }, () => this.#call(customers));
  }

  /** Resolves when every caller has had its answer. */
  async end(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#callers);
  }

  async #call(customers: readonly string[]): Promise<void> {
    while (!this.#over.signal.aborted) {
      const { random } = this;
      const customerId = customers[random.below(customers.length)] ?? '';
      const amount = random.below(100) < REFUSED ? '9000000000.00' : '1.00';
      const goesAway = random.below(100) < GONE_AWAY;
      const cancels = random.below(100) < CANCELLED;
      const key = randomUUID();
      if (goesAway) await this.#ask('POST', '/orders', order(customerId, amount), key, 5 + random.below(30));
      const { status, body } = await this.#untilAnswered('/orders', order(customerId, amount), key);
      if (![200, 201, 202].includes(status)) {
        this.strange.push(`POST /orders: ${String(status)} ${JSON.stringify(body)}`);
        continue;
      }
      const orderId = String(body['orderId']);
      const known = {
        orderId,
        customerId,
        amount,
        states: new Set([String(body['state'])]),
        cancelled: false,
      };
      this.acknowledged.set(orderId, known);
      if (!cancels) continue;
      const { status: answer, body: cancelled } = await this.#untilAnswered(
        `/orders/${orderId}/cancel`,
        {},
        key,
      );
      if (answer === 200 || answer === 202) known.cancelled = true;
      else if (answer !== 409) this.strange.push(`cancel: ${String(answer)} ${JSON.stringify(cancelled)}`);
    }
  }

  async #customer(): Promise<string> {
    const { body } = await this.#untilAnswered(
      '/customers',
      { name: 'Ada', creditLimit: { amount: '1000000.00', currency: 'USD' } },
      randomUUID(),
    );
    return String(body['customerId']);
  }

  async #untilAnswered(path: string, body: object, key: string): Promise<Answer> {
    for (;;) {
      const answer = await this.#ask('POST', path, body, key, ANSWER_WITHIN_MS);
      if (answer && answer.status < 500 && answer.status !== 429) return answer;
      this.sentAgain += 1;
      await sleep(AGAIN_AFTER_MS);
    }
  }

  /** @returns undefined when there was no answer in time */
  async #ask(
    method: string,
    path: string,
    body: object,
    key: string,
    withinMs: number,
  ): Promise<Answer | undefined> {
    const url = this.urls[this.random.below(this.urls.length)] ?? '';
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key, Prefer: 'wait=5' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(withinMs),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    } catch {
      return undefined;
    }
  }
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

function order(customerId: string, amount: string) {
  return { customerId, orderTotal: { amount, currency: 'USD' } };
}
