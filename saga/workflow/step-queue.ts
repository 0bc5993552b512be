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
import type { GivenUp } from './failures';
import { LOCAL_ATTEMPTS, PAUSES_OF_A_WINDOW } from './limits';
import { pauseAfter } from './pauses';
import type { SagaOfQueue } from './saga-of-queue';
import type { Settled, Step, StepAnswer } from './step';
import { StepPhase } from './step-phase';
import { type Attempted, type AttemptOptions, attemptStep } from './step-attempt';
import { Wait } from './wait';
import { longestPauseOf, WaitingAsks } from './waiting-asks';

export class StepQueue<Item extends object, Answer extends StepAnswer> {
  #joining: Ask<Item, Answer>[] = [];
  readonly #waiting: WaitingAsks<Item, Answer>;
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
    this.#waiting = new WaitingAsks(saga.history, step.words);
    this.#wait = new Wait(step.words, saga, carried);
    this.#resumes = carried !== undefined;
  }

  isFor(step: object): boolean {
    return step === this.step;
  }

  /** The step with its waiting subjects when it is parked. */
  get parked(): ParkedStep | undefined {
    return this.#wait.parked(this.#waiting.subjects);
  }

  /** The state of the wait for the next run; undefined when no subject waits. */
  get carried(): CarriedWait | undefined {
    return this.#waiting.isEmpty() ? undefined : this.#wait.carried;
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
    for (const ask of this.#waiting.all) if (isMeant(ask.subject)) ask.interrupt(decide(this.step.words));
    this.#look();
  }

  /** The first attempt for new subjects, beside the retries for subjects that already wait. */
  async #first(asks: readonly Ask<Item, Answer>[]): Promise<void> {
    if (this.saga.isContinuing) return;
    // Subjects that the run before left waiting are not new: they are retried.
    if (this.#resumes) {
      this.#resumes = false;
      this.#waiting.join(asks);
      this.#watchParking();
      this.#phase.to('pausing');
      return this.#round();
    }
    const joins = this.#serverPauses() && !this.#waiting.isEmpty();
    if (joins && asks.every(({ deadline }) => !deadline)) {
      this.#waiting.join(asks);
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
    this.#waiting.join(left);
    if (this.#phase.is('idle')) this.#rest(attempted);
    else {
      this.#wait.failed(attempted, this.#waiting.mustSucceed);
      this.saga.parkedChanged();
      if (this.#serverPauses()) this.#begin();
    }
  }

  /** Pauses after an attempt that left a subject without an answer. */
  #rest(attempted: Attempted): void {
    this.#watchParking();
    this.#wait.round(attempted, this.#waiting.mustSucceed);
    this.saga.parkedChanged();
    this.#phase.to('pausing');
    // No pause: the server has already paused between its retries. But close to a deadline it may have retried nothing.
    const isWindowOver = attempted.failed?.kind === 'window-over' && this.#waiting.mustSucceed;
    // A long run needs a pause after progress: while the subject that got its answer runs, it cannot continue as new.
    const continues = attempted.progressed && this.#where() === 'remote' && !this.saga.history.isLong;
    if (isWindowOver || continues) {
      this.#begin();
      return;
    }
    const generation = this.#phase.next();
    const summary = `before the next attempt: ${this.step.words}`;
    void this.saga.history
      .sleep(
        pauseAfter(this.#wait.failures, longestPauseOf(this.#waiting.all, this.saga.longestPauseMs)),
        summary,
      )
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
    if (this.#waiting.isEmpty()) {
      this.#look();
      return;
    }
    this.#phase.to('attempting');
    const windowMs = PAUSES_OF_A_WINDOW * this.saga.longestPauseMs;
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
    const attempted = await this.#attempt(this.#waiting.all, where, limits);
    const isLatest = this.#phase.isCurrent(generation);
    if (isLatest) this.#supersede = undefined;
    // A round that was replaced may still have brought the answers.
    if (this.#waiting.isEmpty()) this.#look();
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
    const longestPauseMs = longestPauseOf(asks, saga.longestPauseMs);
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
    if (this.#waiting.isEmpty()) {
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
    if (!this.#waiting.mustSucceed || !this.#wait.begin(this.#waiting.since)) return;
    this.#wait.watch(() => {
      if (!this.#waiting.isEmpty()) this.saga.parkedChanged();
    });
  }

  #serverPauses(): boolean {
    return this.#phase.is('attempting') && this.#where() === 'remote';
  }

  #where(): Where {
    return this.#wait.failures >= LOCAL_ATTEMPTS ? 'remote' : this.saga.attempts.where(this.step);
  }

  readonly #bug = (bug: unknown): void => {
    this.saga.fail(bug);
  };
}
