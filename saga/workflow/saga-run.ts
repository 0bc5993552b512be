/** One run of a saga: its subjects, a queue for each of their steps, and its end or continue-as-new. */
import {
  CancellationScope,
  makeContinueAsNewFunc,
  proxySinks,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { type Carried, type CarriedWait, PARKED_MEMO, type SagaInput, type SagaResult } from '../contract';
import { Attempts, type Where } from './attempts';
import type { SagaDefinition, SagaFunction, SagaWorkflow } from './definition';
import { EventCount } from './event-count';
import { FailedUndos } from './failed-undos';
import { LONGEST_PAUSE_MS, PARK_AFTER_MS } from './limits';
import { type Parkable, ParkedSteps } from './parked';
import { Rendezvous } from './rendezvous';
import { resultOf } from './saga-result';
import type { SagaSinks } from './sinks';
import type { Step, StepAnswer } from './step';
import type { SagaOfQueue } from './saga-of-queue';
import { explainMissingStackTraces } from './stack-trace-query';
import { StepQueue } from './step-queue';
import { type SagaOfSubject, SubjectRun } from './subject-run';
import type { Attempted } from './step-attempt';
import { uncancelled } from './uncancelled';

/**
 * Runs a saga for the subjects of its input.
 *
 * @throws ApplicationFailure `SagaFailed` when a subject failed; ContinueAsNew when the run's history is long
 */
export async function runSaga<Subject, Outcome, Settings>(
  definition: SagaDefinition<Subject, Outcome, Settings>,
  forward: SagaFunction<Subject, Outcome, Settings>,
  input: SagaInput<Subject, Settings>,
): Promise<SagaResult<Outcome>> {
  explainMissingStackTraces();
  const saga = new SagaRun(definition, forward, input);
  // Temporal's Cancel does not interrupt steps. Each subject runs the saga's own `cancel` instead.
  CancellationScope.current().cancelRequested.catch(() => {
    uncancelled(() => {
      saga.cancel();
    });
  });
  return CancellationScope.nonCancellable(() => saga.run());
}

class SagaRun<Subject, Outcome, Settings> implements SagaOfQueue, SagaOfSubject<Settings> {
  readonly rendezvous = new Rendezvous();
  readonly history = new EventCount();
  readonly attempts: Attempts;
  readonly parkAfterMs: number;
  readonly longestPauseMs: number;
  readonly settings: Settings;
  readonly #subjects: readonly SubjectRun<Subject, Outcome, Settings>[];
  readonly #queues = new Map<string, Queue>();
  readonly #undos: FailedUndos;
  readonly #parked: ParkedSteps;
  #cancelRequested: boolean;
  #running = 0;
  readonly #attempts = { local: 0, remote: 0 };
  /** Whether this run may still report that it waits only for locked rows. */
  #mayReportWait = true;
  #continues = false;
  #parkedChanged = false;
  #end: ((how: 'ended' | 'continued') => void) | undefined;
  #fail: ((bug: unknown) => void) | undefined;

  constructor(
    private readonly definition: SagaDefinition<Subject, Outcome, Settings>,
    forward: SagaFunction<Subject, Outcome, Settings>,
    private readonly input: SagaInput<Subject, Settings>,
  ) {
    const { placement, subjects, settings, carried } = input;
    this.settings = settings;
    this.parkAfterMs = input.parkAfterMs ?? PARK_AFTER_MS;
    this.longestPauseMs = input.longestPauseMs ?? LONGEST_PAUSE_MS;
    this.attempts = new Attempts(placement, definition.taskQueue);
    this.#cancelRequested = carried?.cancelRequested ?? false;
    this.#undos = new FailedUndos(this);
    this.#parked = new ParkedSteps(
      this.history,
      () => [...this.#queues.values(), this.#undos],
      carried?.parked,
    );
    this.#subjects = subjects.map(
      (subject) =>
        new SubjectRun(subject, definition, forward, this, carried?.subjects[definition.subject(subject)]),
    );
  }

  get cancelRequested(): boolean {
    return this.#cancelRequested;
  }

  get isContinuing(): boolean {
    return this.#continues;
  }

  async run(): Promise<SagaResult<Outcome>> {
    const end = new Promise<'ended' | 'continued'>((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.#drive(this.#subjects, (subject) => subject.run());
    // Only once the subjects are where the run before left them. The SDK buffers signals until then.
    this.rendezvous.whenQuiet(() => {
      this.#parked.handleSignals(() => {
        // Signals without an effect are events, too.
        this.rendezvous.whenQuiet(() => {
          this.continueAsNewIfLong();
        });
      });
      this.parkedChanged();
    });
    if ((await end) === 'continued') {
      // Signals of the same task may have ended waits. The next run needs the result of that too.
      await new Promise<void>((quiet) => {
        this.rendezvous.whenQuiet(quiet);
      });
      return this.#continueAsNew();
    }
    this.showDetails();
    proxySinks<SagaSinks>().saga.ended();
    return resultOf(this.#subjects);
  }

  cancel(): void {
    if (!this.definition.cancel || this.#cancelRequested) return;
    this.#cancelRequested = true;
    this.history.message();
    const ended = this.#subjects.filter((subject) => subject.ended);
    for (const subject of this.#subjects) subject.interrupt();
    this.#drive(ended, (subject) => subject.cancel());
  }

  queue<Item extends object, Answer extends StepAnswer>(step: Step<Item, Answer>): StepQueue<Item, Answer> {
    const known = this.#queues.get(step.activity);
    if (known && isQueueOf(known, step)) return known;
    const queue = new StepQueue(step, this, this.input.carried?.waiting[step.activity]);
    this.#queues.set(step.activity, queue);
    return queue;
  }

  parkUndo(subject: string, reason: string): Promise<void> {
    return this.#undos.park(subject, reason);
  }

  showDetails(): void {
    const rows = this.#subjects.map(({ id, progress }) => `| ${id} | ${progress} |`);
    setCurrentDetails(this.#parked.words + ['| id | state |', '|---|---|', ...rows].join('\n'));
  }

  async attempt(where: Where, work: () => Promise<Attempted>): Promise<Attempted> {
    this.#attempts[where] += 1;
    try {
      const attempted = await work();
      const { failed } = attempted;
      if (failed && failed.kind !== 'busy') this.#mayReportWait = false;
      return attempted;
    } finally {
      this.#attempts[where] -= 1;
      this.rendezvous.whenQuiet(() => {
        this.#reportWait();
      });
    }
  }

  continueAsNewIfLong(): boolean {
    if (this.#continues) return true;
    if (this.#attempts.local > 0 || !this.rendezvous.isQuiet) return false;
    if (!this.history.isLong) return false;
    this.#continues = true;
    this.#end?.('continued');
    return true;
  }

  /** Updates the memo once, when no subject is running: fifty decisions that come together cost one event. */
  parkedChanged(): void {
    if (this.#parkedChanged) return;
    this.#parkedChanged = true;
    this.rendezvous.whenQuiet(() => {
      this.#parkedChanged = false;
      if (!this.#continues && this.#parked.show()) this.showDetails();
    });
  }

  fail(bug: unknown): void {
    this.#fail?.(bug);
  }

  #reportWait(): void {
    const { local, remote } = this.#attempts;
    if (!this.#mayReportWait || local + remote > 0 || this.#running === 0) return;
    this.#mayReportWait = false;
    proxySinks<SagaSinks>().saga.waits(this.#subjects.filter(({ ended }) => !ended).map(({ id }) => id));
  }

  /** Runs all these subjects in one turn. */
  #drive(
    subjects: readonly SubjectRun<Subject, Outcome, Settings>[],
    work: (subject: SubjectRun<Subject, Outcome, Settings>) => Promise<void>,
  ): void {
    this.#running += subjects.length;
    for (const _ of subjects) this.rendezvous.enter();
    for (const subject of subjects)
      work(subject).then(
        () => {
          this.#running -= 1;
          this.rendezvous.leave();
          if (this.#running === 0) this.#end?.('ended');
        },
        (bug: unknown) => {
          this.fail(bug);
        },
      );
  }

  #continueAsNew(): Promise<never> {
    const { memo, typedSearchAttributes } = workflowInfo();
    // The server does not carry search attributes over, except its own.
    const next = makeContinueAsNewFunc<SagaWorkflow<Subject, Outcome, Settings>>({
      // Never empty: the SDK would replace an empty memo by the one with which this run began.
      memo: { ...memo, [PARKED_MEMO]: this.#parked.shown },
      typedSearchAttributes: typedSearchAttributes
        .getAll()
        .filter(({ key }) => !/^(BuildIds|Temporal)/.test(key.name)),
    });
    const waiting = [...this.#queues].flatMap(([activity, { carried }]) =>
      carried ? [[activity, carried] as const] : [],
    );
    const carried: Carried = {
      subjects: Object.fromEntries(this.#subjects.map(({ id, carried: subject }) => [id, subject])),
      waiting: Object.fromEntries(waiting),
      parked: this.#parked.shown,
      cancelRequested: this.#cancelRequested,
    };
    return next({ ...this.input, carried });
  }
}

type Queue = Parkable & { readonly carried: CarriedWait | undefined };

/** Each step has one queue, so the queue found for a step has the types of the step. */
function isQueueOf<Item extends object, Answer extends StepAnswer>(
  queue: Queue,
  step: Step<Item, Answer>,
): queue is StepQueue<Item, Answer> {
  return queue instanceof StepQueue && queue.isFor(step);
}
