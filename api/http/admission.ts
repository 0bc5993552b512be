/** Admission control: a bounded number of requests is in progress; excess requests are rejected at once. */
import { Problem, type ProblemName } from './problems';
import { RetryAfter } from './retry-after';

/** The detail of a problem after which the request has no effect, now or later. */
export const NOT_PROCESSED = 'The request was not processed; send it again later.';

export class Admission {
  #count = 0;
  readonly #retryAfter = new RetryAfter();

  /**
   * @param max requests in progress; each holds a connection, its parsed body and a waiter: a few KB
   * @param rejection the problem that excess requests get
   */
  constructor(
    readonly max: number,
    private readonly rejection: Rejection = { problem: 'overloaded', detail: NOT_PROCESSED },
  ) {}

  get count(): number {
    return this.#count;
  }

  /** @throws Problem the rejection, when `max` requests are in progress */
  requireCapacity(): void {
    if (this.#count < this.max) return;
    const { problem, detail } = this.rejection;
    const seconds = this.#retryAfter.seconds(performance.now());
    throw new Problem(problem, detail, { headers: { 'Retry-After': String(seconds) } });
  }

  /** @throws Problem the rejection, when `max` requests are in progress; `work` is not called then */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.requireCapacity();
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
    }
  }
}

interface Rejection {
  readonly problem: ProblemName;
  readonly detail: string;
}
