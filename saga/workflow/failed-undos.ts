/** Compensations that failed because of a bug. They are parked, and run again after a pause or at an operator's request. */
import type { ParkedStep } from '../contract';
import { timestamp } from './clock';
import type { EventCount } from './event-count';
import type { GivenUp } from './failures';
import type { Rendezvous } from './rendezvous';

const WORDS = 'compensate';

/** The part of a saga that is used here. */
export interface SagaOfUndos {
  readonly rendezvous: Rendezvous;
  readonly history: EventCount;
  readonly longestPauseMs: number;
  parkedChanged(): void;
}

interface FailedUndo {
  readonly reason: string;
  readonly since: string;
  /** @param givenUp the decision to give it up; undefined to run it again */
  readonly end: (givenUp?: GivenUp) => void;
}

export class FailedUndos {
  readonly #failed = new Map<string, FailedUndo>();

  constructor(private readonly saga: SagaOfUndos) {}

  get parked(): ParkedStep | undefined {
    const [first] = this.#failed.values();
    return first && { step: WORDS, ...first, subjects: [...this.#failed.keys()] };
  }

  /**
   * Parks a failed compensation. Resolves when it should run again.
   *
   * @throws GivenUp when an operator gives it up
   */
  async park(subject: string, reason: string): Promise<void> {
    const { rendezvous, history, longestPauseMs } = this.saga;
    const waiting = new Promise<void>((resolve, reject) => {
      const end = (givenUp?: GivenUp): void => {
        if (this.#failed.get(subject) !== failed) return;
        this.#failed.delete(subject);
        rendezvous.enter();
        if (givenUp) reject(givenUp);
        else resolve();
        this.saga.parkedChanged();
      };
      const failed = { reason, since: timestamp(), end };
      this.#failed.set(subject, failed);
      void history.sleep(longestPauseMs, `before the next attempt: ${WORDS}`).then(() => {
        end();
      });
    });
    this.saga.parkedChanged();
    rendezvous.leave();
    return waiting;
  }

  retry(): void {
    for (const { end } of [...this.#failed.values()]) end();
  }

  giveUp(isMeant: (subject: string) => boolean, decide: (words: string) => GivenUp): void {
    for (const [subject, { end }] of [...this.#failed]) if (isMeant(subject)) end(decide(WORDS));
  }
}
