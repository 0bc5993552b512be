/**
 * One step of a saga, for all of its subjects. Those that ask for it in the same turn share an attempt: the group commit
 * of sagas. Those without an answer wait together, whatever they came by: one timer, one attempt for all of them.
 *
 *     idle ──→ pausing ──→ attempting ──→ idle        everybody has an answer
 *                 ↑            │
 *                 └────────────┘                      somebody has none: the next pause is longer
 *
 * A first attempt for newcomers runs beside that: nobody waits behind somebody else's trouble.
 */
import type { CarriedWait, ParkedStep, Unanswered } from '../contract';
import { Ask, type AskOptions } from './ask';
import type { Attempts, Where } from './attempts';
import { now } from './clock';
import type { EventCount } from './event-count';
import type { GivenUp } from './failures';
import { LOCAL_ATTEMPTS, PAUSES_OF_A_WINDOW } from './limits';
import { longestPause, pauseAfter } from './pauses';
import type { Rendezvous } from './rendezvous';
import type { Settled, Step, StepAnswer } from './step';
import { type Attempted, type AttemptOptions, attemptStep } from './step-attempt';
import { Wait } from './wait';

type Phase = 'idle' | 'pausing' | 'attempting';

function mayFollow(phase: Phase, next: Phase): boolean {
  switch (phase) {
    case 'idle':
      return next === 'pausing';
    case 'pausing':
      return next === 'attempting' || next === 'idle';
    case 'attempting': // also from itself: for newcomers, or at an operator's word, while the server pauses
      return true;
  }
}

/** What a queue needs of the saga that it belongs to. */
export interface SagaOfQueue {
  readonly rendezvous: Rendezvous;
  readonly attempts: Attempts;
  readonly history: EventCount;
  readonly parkAfterMs: number;
  readonly longestPauseMs: number;
  /** Refreshes what the Temporal UI shows of the saga; costs no event. */
  showDetails(): void;
  /** Runs an attempt. A continue-as-new has to wait for a local one. */
  attempt(where: Where, work: () => Promise<Attempted>): Promise<Attempted>;
  /** Whether the saga continues as new: no attempt may begin any more. */
  readonly isContinuing: boolean;
  /** @returns {@link isContinuing} from now on */
  continueAsNewIfLong(): boolean;
  /** Called when the parked steps may have changed. */
  parkedChanged(): void;
  /** A bug in workflow code: fails the workflow task, so that the saga waits for a fix instead of being lost. */
  fail(bug: unknown): void;
}

export class StepQueue<Item extends object, Answer extends StepAnswer> {
  #joining: Ask<Item, Answer>[] = [];
  #waiting: Ask<Item, Answer>[] = [];
  #phase: Phase = 'idle';
  /** Of pauses and rounds: what an earlier one comes to does not drive the queue any more. */
  #generation = 0;
  /** Ends the attempt on the task queue that is under way. */
  #supersede: (() => void) | undefined;
  readonly #wait: Wait;
  /** Whether an earlier run of the saga has left subjects waiting, who have not come yet. */
  #resumes: boolean;

  constructor(
    private readonly step: Step<Item, Answer>,
    private readonly saga: SagaOfQueue,
    carried: CarriedWait | undefined,
  ) {
    this.#wait = new Wait(step.words, saga, carried);
    this.#resumes = carried !== undefined;
  }

  isFor(step: object): boolean {
    return step === this.step;
  }

  /** The step that must succeed and keeps failing; undefined while it does not. */
  get parked(): ParkedStep | undefined {
    return this.#wait.parked(this.#stillWaiting().map(({ subject }) => subject));
  }

  /** What the next run of the saga has to know; undefined when nobody waits. */
  get carried(): CarriedWait | undefined {
    return this.#stillWaiting().length > 0 ? this.#wait.carried : undefined;
  }

  /**
   * @param asked gets the ask, with which its wait can be ended
   * @returns the step's answer for one subject
   */
  ask(
    options: AskOptions<Item>,
    asked: (ask: Ask<Item, Answer>) => void,
  ): Promise<Settled<Answer> | Unanswered> {
    const { rendezvous } = this.saga;
    return new Promise((resolve, reject) => {
      const ask = new Ask<Item, Answer>(options, rendezvous, resolve, reject);
      asked(ask);
      if (this.#joining.push(ask) === 1)
        rendezvous.atEnd(() => {
          this.#first(this.#joining.splice(0)).catch(this.#bug);
        });
      rendezvous.leave();
    });
  }

  /** Attempts the step at once for those that wait: what stood in the way was fixed. */
  retry(): void {
    if (this.#phase === 'pausing' || this.#serverPauses()) this.#begin();
  }

  /** @param decide makes the decision for one subject whose step is parked */
  giveUp(isMeant: (subject: string) => boolean, decide: (words: string) => GivenUp): void {
    if (!this.parked) return;
    for (const ask of this.#stillWaiting()) if (isMeant(ask.subject)) ask.interrupt(decide(this.step.words));
    this.#look();
  }

  /** The first attempt for newcomers, beside whatever happens for those that wait longer. */
  async #first(asks: readonly Ask<Item, Answer>[]): Promise<void> {
    if (this.saga.isContinuing) return;
    // Those that an earlier run of the saga has left waiting are no newcomers.
    if (this.#resumes) {
      this.#resumes = false;
      // A new list: attempts under way have theirs.
      this.#waiting = [...this.#waiting, ...asks];
      this.#watchDeadlines(asks);
      this.#watchParking();
      this.#to('pausing');
      return this.#round();
    }
    const where = this.saga.attempts.where(this.step);
    const attempted = await this.#attempt(asks, where, {
      windowMs: this.saga.parkAfterMs,
      watchesDeadlines: false,
    });
    const left = asks.filter(({ waits }) => waits);
    if (left.length === 0) {
      this.#look();
      return;
    }
    this.#waiting = [...this.#waiting, ...left];
    this.#watchDeadlines(left);
    if (this.#phase === 'idle') this.#rest(attempted);
    else {
      this.#wait.failed(attempted, this.#mustSucceed());
      this.saga.parkedChanged();
      if (this.#serverPauses()) this.#begin();
    }
  }

  /** After an attempt that has left somebody without an answer. */
  #rest(attempted: Attempted): void {
    this.#watchParking();
    this.#wait.round(attempted, this.#mustSucceed());
    this.saga.parkedChanged();
    this.#to('pausing');
    // The server has paused all the while.
    if (attempted.failed?.kind === 'window-over') {
      this.#begin();
      return;
    }
    const generation = this.#next();
    const summary = `before the next attempt: ${this.step.words}`;
    void this.saga.history
      .sleep(pauseAfter(this.#wait.failures, this.#longestPauseMs()), summary)
      .then(() => {
        if (this.#generation === generation) this.#begin();
      });
  }

  #begin(): void {
    if (this.saga.continueAsNewIfLong()) return;
    this.#round().catch(this.#bug);
  }

  /** One attempt for all that wait. */
  async #round(): Promise<void> {
    const generation = this.#next();
    this.#waiting = this.#stillWaiting();
    if (this.#waiting.length === 0) {
      this.#look();
      return;
    }
    this.#to('attempting');
    const windowMs = PAUSES_OF_A_WINDOW * this.saga.longestPauseMs;
    this.#supersede?.();
    const superseded = (cancel: () => void) => {
      this.#supersede = () => {
        this.saga.history.command();
        cancel();
      };
    };
    const limits = { windowMs, watchesDeadlines: true, superseded };
    const attempted = await this.#attempt(this.#waiting, this.#where(), limits);
    const isLatest = this.#generation === generation;
    if (isLatest) this.#supersede = undefined;
    // An earlier round, which another has replaced, may have answered all the same.
    if (this.#stillWaiting().length === 0) this.#look();
    else if (isLatest) this.#rest(attempted);
    else this.saga.parkedChanged();
  }

  #attempt(
    asks: readonly Ask<Item, Answer>[],
    where: Where,
    limits: Pick<AttemptOptions, 'windowMs' | 'watchesDeadlines' | 'superseded'>,
  ): Promise<Attempted> {
    const { saga, step } = this;
    saga.showDetails();
    saga.history.attempt(where);
    const { failsPermanently } = this.#wait;
    const longestPauseMs = this.#longestPauseMs();
    const options = {
      ...limits,
      where,
      longestPauseMs,
      failsPermanently,
    };
    return saga.attempt(where, () => attemptStep(step, asks, saga.attempts, options));
  }

  /** Some have an answer, or have stopped waiting. */
  #look(): void {
    if (this.#stillWaiting().length === 0) {
      this.#waiting = [];
      this.#wait.end();
      this.#next();
      this.#supersede?.();
      this.#supersede = undefined;
      if (this.#phase !== 'idle') this.#to('idle');
    }
    this.saga.parkedChanged();
  }

  /** A run that follows goes on with what is left of the time after which a step is parked. */
  #watchParking(): void {
    if (!this.#mustSucceed() || !this.#wait.begin(Math.min(...this.#waiting.map(({ since }) => since))))
      return;
    this.#wait.watch(() => {
      if (this.#stillWaiting().length > 0) this.saga.parkedChanged();
    });
  }

  /** Timers say that a deadline has passed, not the clock: it differs on a replay. */
  #watchDeadlines(asks: readonly Ask<Item, Answer>[]): void {
    for (const at of new Set(asks.flatMap(({ deadline }) => deadline?.at ?? []))) {
      const summary = `until the deadline: ${this.step.words}`;
      void this.saga.history.sleep(Math.max(at - now(), 1), summary).then(() => {
        for (const ask of asks) if (ask.deadline?.at === at) ask.answer({ outcome: 'timed-out' });
      });
    }
  }

  #stillWaiting(): Ask<Item, Answer>[] {
    return this.#waiting.filter(({ waits }) => waits);
  }

  #mustSucceed(): boolean {
    return this.#waiting.some(({ deadline }) => deadline === undefined);
  }

  #serverPauses(): boolean {
    return this.#phase === 'attempting' && this.#where() === 'remote';
  }

  #where(): Where {
    return this.#wait.failures >= LOCAL_ATTEMPTS ? 'remote' : this.saga.attempts.where(this.step);
  }

  #longestPauseMs(): number {
    return longestPause(
      this.#waiting.flatMap(({ deadline }) => deadline ?? []),
      this.saga.longestPauseMs,
    );
  }

  #next(): number {
    this.#generation += 1;
    return this.#generation;
  }

  #to(phase: Phase): void {
    if (!mayFollow(this.#phase, phase))
      throw new Error(`${this.step.words}: it cannot become ${phase} while it is ${this.#phase}`);
    this.#phase = phase;
  }

  readonly #bug = (bug: unknown): void => {
    this.saga.fail(bug);
  };
}
