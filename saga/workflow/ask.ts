/** One subject's request for a step, and its wait for the answer. */
import type { Deadline, Unanswered } from '../contract';
import { now } from './clock';
import type { Rendezvous } from './rendezvous';
import type { Settled } from './step';

export interface AskOptions<Item> {
  /** Id of the subject. */
  readonly subject: string;
  readonly item: Item;
  /** Undefined for a step that must succeed. */
  readonly deadline: Deadline | undefined;
}

export class Ask<Item, Answer> {
  readonly subject: string;
  readonly item: Item;
  readonly deadline: Deadline | undefined;
  /** When the wait began, epoch milliseconds. */
  readonly since = now();
  #waits = true;

  constructor(
    { subject, item, deadline }: AskOptions<Item>,
    private readonly rendezvous: Rendezvous,
    private readonly resolve: (answer: Settled<Answer> | Unanswered) => void,
    private readonly reject: (reason: Error) => void,
  ) {
    this.subject = subject;
    this.item = item;
    this.deadline = deadline;
  }

  /** Whether the subject still waits: it has no answer, and its wait was not ended. */
  get waits(): boolean {
    return this.#waits;
  }

  answer(answer: Settled<Answer> | Unanswered): void {
    if (this.#ends()) this.resolve(answer);
  }

  /** Ends the wait without an answer. An attempt that is under way continues. */
  interrupt(reason: Error): void {
    if (this.#ends()) this.reject(reason);
  }

  #ends(): boolean {
    if (!this.#waits) return false;
    this.#waits = false;
    this.rendezvous.enter();
    return true;
  }
}
