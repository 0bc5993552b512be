/**
 * Sagas with a step that must succeed and keeps failing. Each keeps its parked steps in its memo, so that they are listed
 * also while no worker can run it; an operator's decision is sent as a signal.
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

/** 10 s for a page of a list: a filter that the server's index does not serve reads many sagas. */
const PAGE_WITHIN_MS = 10_000;

/** Of Temporal's list filter; a saga that has ended keeps its memo. */
export const PARKED = `${NEEDS_ATTENTION_ATTRIBUTE} IS NOT NULL AND ExecutionStatus = 'Running'`;

/** As in the contract of the signals. */
const LONGEST = { by: 100, reason: 500 } as const;

export interface ParkedSaga {
  readonly sagaId: string;
  readonly steps: readonly ParkedStep[];
}

/** What an operator decides about the parked steps of a saga. */
export type Decision =
  | { readonly signal: typeof RETRY_STEP; readonly request: RetryStepRequest }
  | { readonly signal: typeof GIVE_UP_STEP; readonly request: GiveUpStepRequest };

/**
 * As far as Temporal's visibility knows, which may be a second behind.
 *
 * @param query of Temporal's list filter, beside being parked; every parked saga when undefined
 * @param withinMs for each page
 * @throws ServiceError when the server refuses the query, or is away; TimedOut when it does not answer
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
 * As the saga itself knows.
 *
 * @returns undefined when the saga does not run
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
 * A saga ignores a decision that does not fit, and nobody would hear of it: callers check first.
 *
 * @returns what is wrong with it; undefined when nothing is
 */
export function wrongDecision(decision: Decision): string | undefined {
  const { by } = decision.request;
  if (!fits(by, LONGEST.by)) return `"by" must be a text of 1 to ${String(LONGEST.by)} characters`;
  if (decision.signal === GIVE_UP_STEP && !fits(decision.request.reason, LONGEST.reason))
    return `"reason" must be a text of 1 to ${String(LONGEST.reason)} characters`;
  return undefined;
}

/** @returns the subjects whose parked steps a decision is about */
export function subjectsOf(steps: readonly ParkedStep[], { request: { subject } }: Decision): string[] {
  const waiting = new Set(steps.flatMap(({ subjects }) => subjects));
  return [...waiting].filter((each) => subject === undefined || each === subject);
}

/** @throws WorkflowNotFoundError when the saga has ended; TimedOut when it is unknown whether it was sent */
export async function send(client: Client, sagaId: string, { signal, request }: Decision): Promise<void> {
  const sent = client.workflow.getHandle(sagaId).signal(signal, request);
  await withTimeout(sent, ANSWER_WITHIN_MS, `signal to ${sagaId}`);
}

function fits(text: string, longest: number): boolean {
  return text.trim() !== '' && text.length <= longest;
}

/** @throws TypeError when the memo is not what a saga writes */
function parkedSteps(memo: Readonly<Record<string, unknown>> | undefined): ParkedStep[] {
  const field: unknown = memo?.[PARKED_MEMO] ?? [];
  const steps: readonly unknown[] = Array.isArray(field) ? field : [field];
  return steps.map((step) => {
    if (isParkedStep(step)) return step;
    throw new TypeError(`the memo field ${PARKED_MEMO} has what is not a parked step`);
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
