/** Admission control: a bounded number of requests is in progress, of all clients and of each; excess requests are rejected. */
import { Problem, type ProblemName } from './problems';
import { RetryAfter } from './retry-after';

/** The detail of a problem after which the request has no effect, now or later. */
export const NOT_PROCESSED = 'The request was not processed; send it again later.';

/** 20: a client with so many requests in progress fills groups of sagas by itself. */
const MANY = 20;

/** 10: clients that send their requests as they come, some a second, have few in progress, also while these take longer. */
const FEW = 10;

/** Who asks, and until when. */
interface Applicant {
  /** The client, as `clientOf` names it; counts against `perClientMax`. */
  readonly client?: string | undefined;
  /** Aborted when the caller no longer waits: its place is free at once, whatever its work still does. */
  readonly left?: AbortSignal;
}

export class Admission {
  #count = 0;
  readonly #byClient = new Map<string, number>();
  /** Number of clients with {@link MANY} requests in progress or more. */
  #crowded = 0;
  readonly #retryAfter = new RetryAfter();

  /**
   * @param max requests in progress; each holds a connection, its parsed body and a waiter: a few KB
   * @param rejection the problem that excess requests get
   * @param perClientMax requests in progress of one client
   * @param ofClient what the excess requests of one client get, when others still have room
   */
  constructor(
    readonly max: number,
    private readonly rejection: Rejection = { problem: 'overloaded', detail: NOT_PROCESSED },
    readonly perClientMax = max,
    private readonly ofClient: Rejection = rejection,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** Whether the client has few requests in progress while another client has many. */
  hasFewBesideMany(client: string | undefined): boolean {
    return this.#crowded > 0 && client !== undefined && (this.#byClient.get(client) ?? 0) <= FEW;
  }

  /** @throws Problem the rejection, when `max` requests are in progress, or `perClientMax` of the client */
  requireCapacity(client?: string): void {
    const ofClient = client === undefined ? 0 : (this.#byClient.get(client) ?? 0);
    if (this.#count < this.max && ofClient < this.perClientMax) return;
    const { problem, detail } = this.#count < this.max ? this.ofClient : this.rejection;
    const seconds = this.#retryAfter.seconds(performance.now());
    throw new Problem(problem, detail, { headers: { 'Retry-After': String(seconds) } });
  }

  /** @throws Problem the rejection, when there is no place; `work` is not called then */
  async run<T>(work: () => Promise<T>, { client, left }: Applicant = {}): Promise<T> {
    this.requireCapacity(client);
    this.#add(client, 1);
    let isHeld = true;
    const free = (): void => {
      if (isHeld) this.#add(client, -1);
      isHeld = false;
    };
    left?.addEventListener('abort', free);
    if (left?.aborted) free();
    try {
      return await work();
    } finally {
      left?.removeEventListener('abort', free);
      free();
    }
  }

  #add(client: string | undefined, change: 1 | -1): void {
    this.#count += change;
    if (client === undefined) return;
    const before = this.#byClient.get(client) ?? 0;
    const ofClient = before + change;
    this.#crowded += Number(ofClient >= MANY) - Number(before >= MANY);
    if (ofClient === 0) this.#byClient.delete(client);
    else this.#byClient.set(client, ofClient);
  }
}

/** The rejection of one client, when others still have room. */
export function tooManyOfClient(what: string, max: number): Rejection {
  return {
    problem: 'too-many-requests',
    detail: `One client may have ${String(max)} ${what} at once. ${NOT_PROCESSED}`,
  };
}

interface Rejection {
  readonly problem: ProblemName;
  readonly detail: string;
}
