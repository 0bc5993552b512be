/** Starts a saga. Every process that starts one uses this. */
import type { Client, WorkflowHandleWithStartDetails } from '@temporalio/client';
import type {
  defineSearchAttributeKey,
  SearchAttributeType,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/common';
import type { SagaInput, SagaResult } from '../contract';
import { WORKFLOW_TASK_TIMEOUT_MS } from '../limits';
import { withTimeout } from './with-timeout';

/**
 * 5 s: a start takes milliseconds, and the SDK retries it while the server restarts. Shorter than the 10 s that a client
 * of an API waits, so that there is time left for a useful error.
 */
const START_WITHIN_MS = 5_000;

/** A type of saga, as the processes that start it describe it. */
export interface SagaType<Subject> {
  /** Workflow type. */
  readonly name: string;
  readonly taskQueue: string;
  /** Search attribute for the ids of a saga's subjects. It finds the saga of any subject. */
  readonly subjectIds: ReturnType<typeof defineSearchAttributeKey<typeof SearchAttributeType.KEYWORD_LIST>>;
  /** Id of a subject. */
  readonly subjectId: (subject: Subject) => string;
  /**
   * What subjects of this type may have to wait for, such as the row that their steps lock. While a saga waits for its
   * locked rows, new subjects of the same lane start apart from all others.
   */
  readonly lane?: (subject: Subject) => string;
  /** Workflow id of a saga, from the ids of its subjects. */
  readonly workflowId: (subjectIds: readonly string[]) => string;
  /** Title in the Temporal UI, from the number of subjects. */
  readonly summary: (subjects: number) => string;
}

/** The part of the input that all sagas of a type share: placement, settings and limits. */
export type SagaSettings<Settings> = Omit<SagaInput<unknown, Settings>, 'subjects' | 'carried'>;

/** Overrides for one start. */
export interface StartPolicies {
  /** Policy for a closed saga with the same id. Default: the start fails (`REJECT_DUPLICATE`). */
  readonly reuse?: WorkflowIdReusePolicy;
  /** Policy for a running saga with the same id. Default: the start fails. */
  readonly conflict?: WorkflowIdConflictPolicy;
  /** Workflow id, for a saga that runs again. Default: from the ids of the subjects. */
  readonly sagaId?: string;
  /** Title in the Temporal UI. Default: the title of the type. */
  readonly summary?: string;
}

/** Options for `client.workflow.start`. */
export interface StartOptions<Subject, Settings> {
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly args: [SagaInput<Subject, Settings>];
  readonly typedSearchAttributes: {
    readonly key: SagaType<Subject>['subjectIds'];
    readonly value: string[];
  }[];
  readonly workflowTaskTimeout: number;
  readonly staticSummary: string;
  readonly workflowIdReusePolicy: WorkflowIdReusePolicy;
  readonly workflowIdConflictPolicy?: WorkflowIdConflictPolicy;
}

/**
 * Builds the start options of a saga: workflow id, search attribute, title, policies and the workflow task timeout.
 *
 * @param input subjects (1 to 50, with distinct ids), placement and settings
 * @example
 * const options = startOptions(bookSeatType, { placement: 'colocated', subjects: [booking], settings });
 * const { workflowId } = await startSaga(client, bookSeatType, options);
 */
export function startOptions<Subject, Settings>(
  type: SagaType<Subject>,
  input: SagaInput<Subject, Settings>,
  { reuse = 'REJECT_DUPLICATE', conflict, sagaId, summary }: StartPolicies = {},
): StartOptions<Subject, Settings> {
  const ids = input.subjects.map((subject) => type.subjectId(subject));
  return {
    workflowId: sagaId ?? type.workflowId(ids),
    taskQueue: type.taskQueue,
    args: [input],
    typedSearchAttributes: [{ key: type.subjectIds, value: ids }],
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
    staticSummary: summary ?? type.summary(ids.length),
    workflowIdReusePolicy: reuse,
    ...(conflict && { workflowIdConflictPolicy: conflict }),
  };
}

type SagaWorkflow<Subject, Settings> = (input: SagaInput<Subject, Settings>) => Promise<SagaResult<unknown>>;

/** A saga that Temporal has confirmed. `eagerlyStarted`: this process's worker got its first task with the reply. */
export type StartedSaga = Pick<
  WorkflowHandleWithStartDetails,
  'workflowId' | 'firstExecutionRunId' | 'eagerlyStarted'
>;

/**
 * Starts a saga.
 *
 * @param options from {@link startOptions}
 * @param eagerStart whether this process's worker may get the first workflow task with the reply; it must share the
 *   connection of the client
 * @throws WorkflowExecutionAlreadyStartedError when the policies refuse the start
 * @throws TimedOut when Temporal does not answer within 5 s; whether the saga was started is unknown
 * @example
 * const saga = await startSaga(client, bookSeatType, startOptions(bookSeatType, input), true);
 */
export function startSaga<Subject, Settings>(
  client: Client,
  type: SagaType<Subject>,
  options: StartOptions<Subject, Settings>,
  eagerStart = false,
): Promise<StartedSaga> {
  const started = client.workflow.start<SagaWorkflow<Subject, Settings>>(type.name, {
    ...options,
    requestEagerStart: eagerStart,
  });
  return withTimeout(started, START_WITHIN_MS, `start of ${options.workflowId}`);
}
