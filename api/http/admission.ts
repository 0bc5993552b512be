/** Admission control: a bounded number of requests is worked on; excess requests are refused at once. */
import { Problem, type ProblemName } from './problems';
import { RetryAfter } from './retry-after';

export class Admission {
  #count = 0;
  readonly #retryAfter = new RetryAfter();

  /**
   * @param max requests at once; each holds a connection, its parsed body and a waiter: a few KB
   * @param advice the answer to excess requests
   */
  constructor(
    readonly max: number,
    private readonly advice: Advice = NOT_BEGUN,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** @throws Problem the refusal, when there are enough already */
  requireRoom(): void {
    if (this.#count < this.max) return;
    const { problem, detail } = this.advice;
    const seconds = this.#retryAfter.seconds(performance.now());
    throw new Problem(problem, detail, { headers: { 'Retry-After': String(seconds) } });
  }

  /** @throws Problem the refusal, when there are enough already; nothing was begun then */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.requireRoom();
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
    }
  }
}

interface Advice {
  readonly problem: ProblemName;
  readonly detail: string;
}

const NOT_BEGUN: Advice = {
  problem: 'overloaded',
  detail: 'Nothing was begun for this order; send it again later.',
};
