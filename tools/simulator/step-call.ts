/** One request for a step on its way: to a database, through its transaction, and back. */
import type { Execution } from './execution';
import type { ModelSteps } from './model-steps';
import type { SagaRun } from './saga-run';
import { Transaction } from './model-table';
import type { StepRequested, StepResults } from './workflow-host';

/** The saga that waits for the answer; none when its worker has died or has timed out. */
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
  /** Why it has no answer, for those who hear of it later. */
  failure: Error | undefined;
  transaction = new Transaction();
  /** The server pauses until more than these transactions of the model have been committed. */
  pausedAt: number | undefined;

  constructor(
    readonly step: StepRequested,
    public waiting: Waiting | undefined,
  ) {}

  /**
   * Runs the statement, whose transaction stays open.
   *
   * @param held orders whose rows another transaction holds
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

  /** A remote step that finds all of its rows locked fails, and the server retries it: its saga hears nothing of that. */
  get isRetriedByServer(): boolean {
    return this.step.remote && (this.answer ?? []).every(({ outcome }) => outcome === 'busy');
  }

  /** The server sends it again. */
  again(): void {
    this.state = 'under way';
    this.answer = undefined;
  }

  /** The same request, without a waiting saga. */
  copy(): StepCall {
    return new StepCall(this.step, undefined);
  }

  /** This request in its current state, without a waiting saga. */
  leftAlone(): StepCall {
    const { state, transaction, answer } = this;
    return Object.assign(this.copy(), { state, transaction, answer });
  }

  get answerWords(): string {
    return (this.answer ?? []).map(({ outcome }) => outcome).join(', ');
  }

  get words(): string {
    const { name, sagaId, orderIds, remote } = this.step;
    return `${remote ? 'remote ' : ''}${name}(${orderIds.join(', ')}) of ${sagaId}${this.waiting ? '' : ', which no saga waits for any more,'}`;
  }
}
