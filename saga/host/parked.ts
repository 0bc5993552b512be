/**
 * For operators: lists sagas with parked steps, and sends decisions about them. A saga keeps its parked steps in its memo,
 * so they are listed also while no worker can run it. A decision is a signal.
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import {
  GIVE_UP_STEP,
  type GiveUpStepRequest,
  NEEDS_ATTENTION_ATTRIBUTE,
  PARKED_MEMO,
  type ParkedStep,
  RETRY_STEP,
  type RetryStepRequest,
} from '../contract';
import { eachWithTimeout, withTimeout } from './with-timeout';

/** 5 s: describing or signalling a saga takes the server milliseconds. */
const ANSWER_WITHIN_MS = 5_000;

/** 10 s for a page of a list: with a filter that no index serves, the server reads many sagas. */
const PAGE_WITHIN_MS = 10_000;

/** List filter of Temporal for running sagas with parked steps. A saga that has ended keeps its search attributes. */
export const PARKED = `${NEEDS_ATTENTION_ATTRIBUTE} IS NOT NULL AND ExecutionStatus = 'Running'`;

/** Most characters of the fields; the contract of the signals states the same. */
const LONGEST = { by: 100, reason: 500 } as const;

/** A saga with its parked steps. */
export interface ParkedSaga {
  /** Workflow id. */
  readonly sagaId: string;
  readonly steps: readonly ParkedStep[];
}

/** An operator's decision about the parked steps of a saga. */
export type Decision =
  | { readonly signal: typeof RETRY_STEP; readonly request: RetryStepRequest }
  | { readonly signal: typeof GIVE_UP_STEP; readonly request: GiveUpStepRequest };

/**
 * Lists the running sagas with parked steps, from Temporal's visibility, which may be a second behind.
 *
 * @param query a list filter of Temporal that the sagas must match too; undefined for all
 * @param withinMs time limit for each page, milliseconds
 * @throws ServiceError when the server refuses the query or is unreachable; TimedOut when it does not answer
 * @example
 * for await (const { sagaId, steps } of parkedSagas(client, "WorkflowType = 'bookSeat'")) console.log(sagaId, steps);
 */
export async function* parkedSagas(
  client: Client,
  query: string | undefined,
  withinMs = PAGE_WITHIN_MS,
): AsyncGenerator<ParkedSaga> {
  const all = query === undefined ? PARKED : `(${query}) AND ${PARKED}`;
  const sagas = client.workflow.list({ query: all });
  for await (const { workflowId: sagaId, memo } of eachWithTimeout(sagas, withinMs, 'list of parked sagas'))
    yield { sagaId, steps: parkedSteps(memo) };
}

/**
 * Returns the parked steps of one saga, up to date.
 *
 * @returns empty when nothing is parked; undefined when the saga is not running
 * @throws TimedOut when the server does not answer
 * @example
 * const steps = await parkedStepsOf(client, 'bookSeat-1'); // [{ step: 'confirm the seat', reason, since, subjects }]
 */
export async function parkedStepsOf(client: Client, sagaId: string): Promise<ParkedStep[] | undefined> {
  const described = client.workflow.getHandle(sagaId).describe();
  try {
    const { status, memo } = await withTimeout(described, ANSWER_WITHIN_MS, `description of ${sagaId}`);
    return status.name === 'RUNNING' ? parkedSteps(memo) : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/**
 * Validates a decision. Call it before {@link send}: a saga silently ignores an invalid one.
 *
 * @returns an error message; undefined when the decision is valid
 */
export function wrongDecision(decision: Decision): string | undefined {
  const { by } = decision.request;
  if (!fits(by, LONGEST.by)) return `"by" must be a text of 1 to ${String(LONGEST.by)} characters`;
  if (decision.signal === GIVE_UP_STEP && !fits(decision.request.reason, LONGEST.reason))
    return `"reason" must be a text of 1 to ${String(LONGEST.reason)} characters`;
  return undefined;
}

/** @returns ids of the subjects whose parked steps a decision affects */
export function subjectsOf(steps: readonly ParkedStep[], { request: { subject } }: Decision): string[] {
  const waiting = new Set(steps.flatMap(({ subjects }) => subjects));
  return [...waiting].filter((each) => subject === undefined || each === subject);
}

/**
 * Sends a decision to a saga. Check it with {@link wrongDecision} first.
 *
 * @throws WorkflowNotFoundError when the saga has ended; TimedOut when it is unknown whether the signal was sent
 * @example
 * await send(client, 'bookSeat-1', { signal: RETRY_STEP, request: { by: 'ada' } });
 */
export async function send(client: Client, sagaId: string, { signal, request }: Decision): Promise<void> {
  const sent = client.workflow.getHandle(sagaId).signal(signal, request);
  await withTimeout(sent, ANSWER_WITHIN_MS, `signal to ${sagaId}`);
}

function fits(text: string, longest: number): boolean {
  return text.trim() !== '' && text.length <= longest;
}

/** @throws TypeError when the memo has another form than a saga writes */
function parkedSteps(memo: Readonly<Record<string, unknown>> | undefined): ParkedStep[] {
  const field: unknown = memo?.[PARKED_MEMO] ?? [];
  const steps: readonly unknown[] = Array.isArray(field) ? field : [field];
  return steps.map((step) => {
    if (isParkedStep(step)) return step;
    throw new TypeError(`the memo field ${PARKED_MEMO} is not a list of parked steps`);
  });
}

function isParkedStep(value: unknown): value is ParkedStep {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'step' in value &&
    typeof value.step === 'string' &&
    'reason' in value &&
    typeof value.reason === 'string' &&
    'since' in value &&
    typeof value.since === 'string' &&
    'subjects' in value &&
    Array.isArray(value.subjects) &&
    value.subjects.every((subject) => typeof subject === 'string')
  );
}
