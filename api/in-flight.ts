/** Says no in time: a bounded number of requests is worked on, and who comes on top is refused at once. */
import { Problem } from './problems';

export class InFlight {
  #count = 0;

  /**
   * @param max requests at once; each holds a connection, its parsed body and a waiter: a few KB
   * @param refusal what who comes on top is told
   */
  constructor(
    readonly max: number,
    private readonly refusal: () => Problem = notBegun,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** @throws Problem the refusal, when there are enough already */
  mustHaveRoom(): void {
    if (this.#count >= this.max) throw this.refusal();
  }

  /** @throws Problem the refusal, when there are enough already; nothing was begun then */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.mustHaveRoom();
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
    }
  }
}

function notBegun(): Problem {
  return new Problem('overloaded', 'Nothing was begun for this order; send it again later.');
}
