/**
 * One step of a saga, for all of its subjects. Subjects that request it in the same turn share its first attempt: the
 * group commit of sagas. All subjects without an answer then wait together, with one timer and one attempt.
 *
 * The first attempt for new subjects runs beside this cycle, so no subject waits for the failures of another. When the
 * cycle is in the server's retries, new subjects without a deadline begin its next attempt instead: that costs less.
 */
import type { CarriedWait, ParkedStep, Unanswered } from '../contract';
import { Ask, type AskOptions } from './ask';
import type { Where } from './attempts';
import { watchDeadlines } from './deadlines';
import type { GivenUp } from './failures';
import { LOCAL_ATTEMPTS, PAUSES_OF_A_WINDOW, SHORTEST_WINDOW_MS } from './limits';
import { longestPause, pauseAfter } from './pauses';
import type { SagaOfQueue } from './saga-of-queue';
import type { Settled, Step, StepAnswer } from './step';
import { StepPhase } from './step-phase';
import { type Attempted, type AttemptOptions, attemptStep } from './step-attempt';
import { Wait } from './wait';

export class StepQueue<Item extends object, Answer extends StepAnswer> {
  #joining: Ask<Item, Answer>[] = [];
  #waiting: Ask<Item, Answer>[] = [];
  readonly #phase: StepPhase;
  /** Cancels the attempt that is under way on the task queue. */
  #supersede: (() => void) | undefined;
  readonly #wait: Wait;
  /**
   * Whether subjects had to be retried on the task queue. Then the first attempt for others is there, too: with the
   * server's retries it costs six events, and three local attempts with their pauses cost 27.
   */
  #isSlow = false;
  /** Whether subjects that the run before left waiting have still to request the step in this run. */
  #resumes: boolean;

  constructor(
    private readonly step: Step<Item, Answer>,
    private readonly saga: SagaOfQueue,
    carried: CarriedWait | undefined,
  ) {
    this.#phase = new StepPhase(step.words);
    this.#wait = new Wait(step.words, saga, carried);
    this.#resumes = carried !== undefined;
  }

  isFor(step: object): boolean {
    return step === this.step;
  }

  /** The step with its waiting subjects when it is parked. */
  get parked(): ParkedStep | undefined {
    return this.#wait.parked(this.#stillWaiting().map(({ subject }) => subject));
  }

  /** The state of the wait for the next run; undefined when no subject waits. */
  get carried(): CarriedWait | undefined {
    return this.#stillWaiting().length > 0 ? this.#wait.carried : undefined;
  }

  /**
   * Requests the step for one subject.
   *
   * @param asked receives the request, which can end the wait
   * @returns the step's answer for the subject; rejects when the wait is ended
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

  /** Attempts the step at once for all waiting subjects, at an operator's request. */
  retry(): void {
    if (this.#phase.is('pausing') || this.#serverPauses()) this.#begin();
  }

  /**
   * Gives up the parked step for some of its subjects.
   *
   * @param decide makes the decision for one subject; called with the step in words
   */
  giveUp(isMeant: (subject: string) => boolean, decide: (words: string) => GivenUp): void {
    if (!this.parked) return;
    for (const ask of this.#stillWaiting()) if (isMeant(ask.subject)) ask.interrupt(decide(this.step.words));
    this.#look();
  }

  /** The first attempt for new subjects, beside the retries for subjects that already wait. */
  async #first(asks: readonly Ask<Item, Answer>[]): Promise<void> {
    if (this.saga.isContinuing) return;
    // Subjects that the run before left waiting are not new: they are retried.
    if (this.#resumes) {
      this.#resumes = false;
      this.#join(asks);
      this.#watchParking();
      this.#phase.to('pausing');
      return this.#round();
    }
    const joins = this.#serverPauses() && this.#stillWaiting().length > 0;
    if (joins && asks.every(({ deadline }) => !deadline)) {
      this.#join(asks);
      this.#watchParking();
      this.saga.parkedChanged();
      this.#begin();
      return;
    }
    const where = this.#isSlow ? 'remote' : this.saga.attempts.where(this.step);
    const attempted = await this.#attempt(asks, where, {
      windowMs: this.saga.parkAfterMs,
      watchesDeadlines: false,
    });
    const left = asks.filter(({ waits }) => waits);
    if (left.length === 0) {
      this.#look();
      return;
    }
    this.#join(left);
    if (this.#phase.is('idle')) this.#rest(attempted);
    else {
      this.#wait.failed(attempted, this.#mustSucceed());
      this.saga.parkedChanged();
      if (this.#serverPauses()) this.#begin();
    }
  }

  #join(asks: readonly Ask<Item, Answer>[]): void {
    // A new list, because attempts under way hold the old one.
    this.#waiting = [...this.#waiting, ...asks];
    watchDeadlines(asks, this.saga.history, this.step.words);
  }

  /** Pauses after an attempt that left a subject without an answer. */
  #rest(attempted: Attempted): void {
    this.#watchParking();
    this.#wait.round(attempted, this.#mustSucceed());
    this.saga.parkedChanged();
    this.#phase.to('pausing');
    // No pause: the server has already paused between its retries. But close to a deadline it may have retried nothing.
    const isWindowOver = attempted.failed?.kind === 'window-over' && this.#mustSucceed();
    // A long run needs a pause after progress: while the subject that got its answer runs, it cannot continue as new.
    const continues = attempted.progressed && this.#where() === 'remote' && !this.saga.isLong;
    if (isWindowOver || continues) {
      this.#begin();
      return;
    }
    const generation = this.#phase.next();
    const summary = `before the next attempt: ${this.step.words}`;
    void this.saga.history
      .sleep(pauseAfter(this.#wait.failures, this.#longestPauseMs(this.#waiting)), summary)
      .then(() => {
        if (this.#phase.isCurrent(generation)) this.#begin();
      });
  }

  #begin(): void {
    if (this.saga.continueAsNewIfLong()) return;
    this.#round().catch(this.#bug);
  }

  /** One attempt for all waiting subjects. */
  async #round(): Promise<void> {
    const generation = this.#phase.next();
    this.#waiting = this.#stillWaiting();
    if (this.#waiting.length === 0) {
      this.#look();
      return;
    }
    this.#phase.to('attempting');
    const windowMs = Math.max(PAUSES_OF_A_WINDOW * this.saga.longestPauseMs, SHORTEST_WINDOW_MS);
    this.#supersede?.();
    const superseded = (cancel: () => void) => {
      this.#supersede = () => {
        this.saga.history.command();
        cancel();
      };
    };
    const limits = { windowMs, watchesDeadlines: true, superseded };
    const where = this.#where();
    this.#isSlow ||= where === 'remote';
    const attempted = await this.#attempt(this.#waiting, where, limits);
    const isLatest = this.#phase.isCurrent(generation);
    if (isLatest) this.#supersede = undefined;
    // A round that was replaced may still have brought the answers.
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
    const longestPauseMs = this.#longestPauseMs(asks);
    const options = {
      ...limits,
      where,
      longestPauseMs,
      failsPermanently,
    };
    return saga.attempt(where, () => attemptStep(step, asks, saga.attempts, options));
  }

  /** Updates the queue after subjects got an answer or stopped waiting. */
  #look(): void {
    if (this.#stillWaiting().length === 0) {
      this.#waiting = [];
      this.#wait.end();
      this.#phase.next();
      this.#supersede?.();
      this.#supersede = undefined;
      if (!this.#phase.is('idle')) this.#phase.to('idle');
    }
    this.saga.parkedChanged();
  }

  /** Starts the timer until the step is parked. The next run continues with the time that is left. */
  #watchParking(): void {
    if (!this.#mustSucceed() || !this.#wait.begin(Math.min(...this.#waiting.map(({ since }) => since))))
      return;
    this.#wait.watch(() => {
      if (this.#stillWaiting().length > 0) this.saga.parkedChanged();
    });
  }

  #stillWaiting(): Ask<Item, Answer>[] {
    return this.#waiting.filter(({ waits }) => waits);
  }

  #mustSucceed(): boolean {
    return this.#waiting.some(({ deadline }) => deadline === undefined);
  }

  #serverPauses(): boolean {
    return this.#phase.is('attempting') && this.#where() === 'remote';
  }

  #where(): Where {
    return this.#wait.failures >= LOCAL_ATTEMPTS ? 'remote' : this.saga.attempts.where(this.step);
  }

  #longestPauseMs(asks: readonly Ask<Item, Answer>[]): number {
    return longestPause(
      asks.flatMap(({ deadline }) => deadline ?? []),
      this.saga.longestPauseMs,
    );
  }

  readonly #bug = (bug: unknown): void => {
    this.saga.fail(bug);
  };
}
