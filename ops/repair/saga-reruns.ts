/**
 * Runs sagas again under their own ids: their idempotent steps do only what is missing. The repair never edits rows. One start
 * call repairs one saga, so a killed repair leaves no saga half repaired.
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

/** 10 s for a page of the list, and for a description: the server needs milliseconds for each. */
const ANSWER_WITHIN_MS = 10_000;

/** Without FAILED: the audit finds the orders of failed sagas. */
const LOST = ['TERMINATED', 'TIMED_OUT'] as const;

const QUERY = `WorkflowType IN ('${CREATE_ORDER_SAGA}', '${CANCEL_ORDER_SAGA}') AND ExecutionStatus IN ('Terminated', 'TimedOut')`;

const SUMMARY = 'Started again by repair';

/** A saga that was terminated, or timed out. */
export interface BrokenSaga {
  readonly sagaId: string;
  readonly runId: string;
  readonly status: string;
  readonly orderIds: readonly string[];
}

/** Lists the sagas whose last run was terminated, or timed out, each once. Temporal's list may be a second behind. */
export async function* brokenSagas(client: Client): AsyncGenerator<BrokenSaga> {
  const seen = new Set<string>();
  const listed = client.workflow.list({ query: QUERY });
  for await (const { workflowId: sagaId } of eachWithTimeout(listed, ANSWER_WITHIN_MS, 'list of sagas')) {
    if (seen.has(sagaId)) continue;
    seen.add(sagaId);
    // The list has runs. The last run shows whether the saga was repaired since.
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
 * Starts the saga again with the input of its last run.
 *
 * @returns false when another process has started it meanwhile
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
 * Starts the saga for the orders as stored in the databases, whatever the result of an earlier run.
 *
 * @returns false when the saga runs already
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
