/**
 * Runs sagas again, under their own id, so that they find what they had done and resume from there. Rows are never
 * edited. A start carries all that is to be done, so a repair that is killed has repaired a saga, or not.
 */
import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import { CANCEL_ORDER, CREATE_ORDER, orderIdsAttribute } from '../../api/orders/saga-types';
import type { CreateOrderSettings } from '../../domain/contracts';
import { CANCEL_ORDER_SAGA, cancelSagaWorkflowId, CREATE_ORDER_SAGA } from '../../domain/names';
import {
  type SagaSettings,
  type StartOptions,
  startOptions,
  startSaga,
  type SagaType,
  type StartPolicies,
} from '../../saga/host/start-options';
import { eachWithTimeout, withTimeout } from '../../saga/host/with-timeout';
import type { Repair } from './repair-plan';
import { sagaRun } from './saga-run';

/** 10 s for a page of the list, and for a description: each takes the server milliseconds. */
const ANSWER_WITHIN_MS = 10_000;

/** What a failed saga leaves undone, the audit finds. */
const LOST = ['TERMINATED', 'TIMED_OUT'] as const;

const QUERY = `WorkflowType IN ('${CREATE_ORDER_SAGA}', '${CANCEL_ORDER_SAGA}') AND ExecutionStatus IN ('Terminated', 'TimedOut')`;

const SUMMARY = 'Started again by repair';

/** It was terminated, or ran out of time. */
export interface BrokenSaga {
  readonly sagaId: string;
  readonly runId: string;
  readonly status: string;
  readonly orderIds: readonly string[];
}

/** The sagas whose last run did not come to its end, as far as Temporal's visibility knows; each once. */
export async function* brokenSagas(client: Client): AsyncGenerator<BrokenSaga> {
  const seen = new Set<string>();
  const listed = client.workflow.list({ query: QUERY });
  for await (const { workflowId: sagaId } of eachWithTimeout(listed, ANSWER_WITHIN_MS, 'list of sagas')) {
    if (seen.has(sagaId)) continue;
    seen.add(sagaId);
    // The list is of runs: the last one shows whether it was repaired since.
    const described = client.workflow.getHandle(sagaId).describe();
    const last = await withTimeout(described, ANSWER_WITHIN_MS, `description of ${sagaId}`);
    if (LOST.some((lost) => lost === last.status.name)) yield asBroken(last);
  }
}

function asBroken(last: WorkflowExecutionDescription): BrokenSaga {
  const { workflowId: sagaId, runId, status, typedSearchAttributes } = last;
  return { sagaId, runId, status: status.name, orderIds: typedSearchAttributes.get(orderIdsAttribute) ?? [] };
}

/**
 * With its own input.
 *
 * @returns false when somebody else has repaired it meanwhile
 */
export async function startAgain(client: Client, { sagaId, runId }: BrokenSaga): Promise<boolean> {
  const run = await sagaRun(client, sagaId, runId);
  if (!run) return false;
  const policies = { sagaId, reuse: 'ALLOW_DUPLICATE_FAILED_ONLY', summary: SUMMARY } as const;
  return run.kind === 'create'
    ? start(client, CREATE_ORDER, startOptions(CREATE_ORDER, run.input, policies))
    : start(client, CANCEL_ORDER, startOptions(CANCEL_ORDER, run.input, policies));
}

/**
 * For orders as the databases know them, whatever became of an earlier run.
 *
 * @returns false when it runs already
 */
export async function runSaga(
  client: Client,
  repair: Extract<Repair, { kind: 'create' | 'cancel' }>,
  settings: SagaSettings<CreateOrderSettings>,
): Promise<boolean> {
  const sagaId = sagaIdOf(repair);
  const policies: StartPolicies = { sagaId, reuse: 'ALLOW_DUPLICATE', summary: SUMMARY };
  if (repair.kind === 'create') {
    const input = { ...settings, subjects: repair.orders };
    return start(client, CREATE_ORDER, startOptions(CREATE_ORDER, input, policies));
  }
  const last = await sagaRun(client, sagaId);
  const cancellationKey = last?.kind === 'cancel' ? last.input.subjects[0]?.cancellationKey : undefined;
  const input = { ...settings, settings: {}, subjects: [{ ...repair.order, cancellationKey }] };
  return start(client, CANCEL_ORDER, startOptions(CANCEL_ORDER, input, policies));
}

export function sagaIdOf(repair: Extract<Repair, { kind: 'create' | 'cancel' }>): string {
  return repair.kind === 'create' ? repair.sagaId : cancelSagaWorkflowId(repair.order.orderId);
}

async function start<Subject, Settings>(
  client: Client,
  type: SagaType<Subject>,
  options: StartOptions<Subject, Settings>,
): Promise<boolean> {
  try {
    await startSaga(client, type, options);
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
