/** One request for a step on its way: to a database, through its transaction, and back. */
import {
  ActivityFailure,
  ApplicationFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import type { Execution } from './execution';
import type { ModelSteps } from './model-steps';
import type { SagaRun } from './saga-run';
import { Transaction } from './table';
import type { StepRequested, StepResults } from './workflow-host';

/** Who waits for the answer; nobody any more when the worker has died, or has given up. */
export interface Waiting {
  readonly saga: SagaRun;
  /** Undefined for a remote step: its answer goes to whichever worker has the saga then. */
  readonly execution: Execution | undefined;
  readonly seq: number;
}

export const NONE_HELD: ReadonlySet<string> = new Set();

export class StepCall {
  state: 'under way' | 'in its transaction' | 'committed' = 'under way';
  answer: StepResults | undefined;
  transaction = new Transaction();

  constructor(
    readonly step: StepRequested,
    public waiting: Waiting | undefined,
  ) {}

  /**
   * Runs the statement, whose transaction stays open.
   *
   * @param held orders whose rows somebody else holds
   */
  begin(steps: ModelSteps, held = NONE_HELD): void {
    this.transaction = new Transaction();
    this.answer = this.step.execute(steps, { transaction: this.transaction, held });
    this.state = 'in its transaction';
  }

  commit(): void {
    this.transaction.commit();
    this.state = 'committed';
  }

  /** The same request, with nobody who waits for it. */
  copy(): StepCall {
    return new StepCall(this.step, undefined);
  }

  /** This very request, from now on with nobody who waits for it. */
  leftAlone(): StepCall {
    return Object.assign(this.copy(), { state: this.state, transaction: this.transaction });
  }

  get answerWords(): string {
    return (this.answer ?? []).map(({ outcome }) => outcome).join(', ');
  }

  get words(): string {
    const { name, sagaId, orderIds } = this.step;
    return `${name}(${orderIds.join(', ')}) of ${sagaId}${this.waiting ? '' : ', for which nobody waits any more,'}`;
  }
}

/** What a saga hears when its connection is lost; it cannot know whether the step was done. */
export function connectionLost({ name }: StepRequested): Error {
  return ApplicationFailure.create({ type: 'DatabaseAway', message: `${name}: its database is away` });
}

/** What it hears when asking again would be in vain. */
export function refusedForGood({ name, remote, sagaId }: StepRequested): Error {
  const message = `${name}: its database answered 42501`;
  const failure = ApplicationFailure.create({ type: 'StatementRefused', message, nonRetryable: true });
  const state = RetryState.NON_RETRYABLE_FAILURE;
  return remote
    ? new ActivityFailure('Activity task failed', name, sagaId, state, undefined, failure)
    : failure;
}

/** What it hears when there is no answer in time. */
export function tooLate({ name, remote, sagaId }: StepRequested): Error {
  const type = remote ? TimeoutType.SCHEDULE_TO_CLOSE : TimeoutType.START_TO_CLOSE;
  const timeout = new TimeoutFailure(`${name}: no answer in time`, undefined, type);
  return remote
    ? new ActivityFailure('Activity task failed', name, sagaId, RetryState.TIMEOUT, undefined, timeout)
    : timeout;
}
