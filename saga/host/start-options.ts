/** How a saga is started, by every process that starts one. */
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
 * 5 s: a start takes milliseconds, and the SDK repeats it while the server restarts. Shorter than the 10 s that a caller
 * of an API waits, so that there is time left to say what is known.
 */
const START_WITHIN_MS = 5_000;

/** A kind of saga, as the processes that start it know it. */
export interface SagaType<Subject> {
  /** Name of the workflow. */
  readonly name: string;
  readonly taskQueue: string;
  /** With the ids of a saga's subjects, so that the saga of any subject is found. */
  readonly subjectIds: ReturnType<typeof defineSearchAttributeKey<typeof SearchAttributeType.KEYWORD_LIST>>;
  readonly subjectId: (subject: Subject) => string;
  readonly workflowId: (subjectIds: readonly string[]) => string;
  /** Title in the Temporal UI. */
  readonly summary: (subjects: number) => string;
}

/** What the processes of an application pass to every saga of a type. */
export type SagaSettings<Settings> = Omit<SagaInput<unknown, Settings>, 'subjects' | 'carried'>;

export interface StartPolicies {
  /** What a closed saga of the same id means; none may be there by default. */
  readonly reuse?: WorkflowIdReusePolicy;
  /** What a running saga of the same id means; a failure by default. */
  readonly conflict?: WorkflowIdConflictPolicy;
  /** Of a saga that runs again; otherwise made of its subjects. */
  readonly sagaId?: string;
  /** Title in the Temporal UI, when it is not the one of the type. */
  readonly summary?: string;
}

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

export type StartedSaga = Pick<
  WorkflowHandleWithStartDetails,
  'workflowId' | 'firstExecutionRunId' | 'eagerlyStarted'
>;

/**
 * @param eagerStart whether this process's worker may get the first task with the reply
 * @throws WorkflowExecutionAlreadyStartedError when the policies refuse the start
 * @throws TimedOut when Temporal does not answer; whether the saga was started is unknown
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
