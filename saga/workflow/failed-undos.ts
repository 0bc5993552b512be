/** Compensations that have failed by a bug: parked, and run again after a pause or at an operator's word. */
import { sleep } from '@temporalio/workflow';
import type { ParkedStep } from '../contract';
import { timestamp } from './clock';
import type { GivenUp } from './failures';
import type { Rendezvous } from './rendezvous';

const WORDS = 'compensate';

interface FailedUndo {
  readonly reason: string;
  readonly since: string;
  /** @param givenUp undefined: it runs again */
  readonly end: (givenUp?: GivenUp) => void;
}

export class FailedUndos {
  readonly #failed = new Map<string, FailedUndo>();

  constructor(
    private readonly rendezvous: Rendezvous,
    private readonly pauseMs: number,
    private readonly parkedChanged: () => void,
  ) {}

  get parked(): ParkedStep | undefined {
    const [first] = this.#failed.values();
    return first && { step: WORDS, ...first, subjects: [...this.#failed.keys()] };
  }

  /** @throws GivenUp when an operator gives it up */
  async park(subject: string, reason: string): Promise<void> {
    const waiting = new Promise<void>((resolve, reject) => {
      const end = (givenUp?: GivenUp): void => {
        if (this.#failed.get(subject) !== failed) return;
        this.#failed.delete(subject);
        this.rendezvous.enter();
        if (givenUp) reject(givenUp);
        else resolve();
        this.parkedChanged();
      };
      const failed = { reason, since: timestamp(), end };
      this.#failed.set(subject, failed);
      void sleep(this.pauseMs, { summary: `before the next attempt: ${WORDS}` }).then(() => {
        end();
      });
    });
    this.parkedChanged();
    this.rendezvous.leave();
    return waiting;
  }

  retry(): void {
    for (const { end } of [...this.#failed.values()]) end();
  }

  giveUp(isMeant: (subject: string) => boolean, decide: (words: string) => GivenUp): void {
    for (const [subject, { end }] of [...this.#failed]) if (isMeant(subject)) end(decide(WORDS));
  }
}
