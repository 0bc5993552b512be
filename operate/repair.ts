/**
 * Runs sagas again, under their own id, so that they find what they had done and go on from there. Rows are never
 * edited. A start carries all that is to be done, so a repair that is killed has repaired a saga, or not.
 */
import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import type { WorkflowIdReusePolicy } from '@temporalio/common';
import { orderIdsAttribute } from '../api/saga-starter';
import type { CreateOrderSagaInput } from '../domain/contracts';
import {
  CANCEL_ORDER_SAGA,
  cancelSagaWorkflowId,
  CREATE_ORDER_SAGA,
  ORDER_TASK_QUEUE,
} from '../domain/names';
import { SAGA_FLAGS, WORKFLOW_TASK_TIMEOUT_MS } from '../domain/saga-start';
import type { Repair } from './repair-plan';
import { type SagaInput, sagaRun } from './saga-run';

/** What a failed saga leaves undone, the audit finds. */
const LOST = ['TERMINATED', 'TIMED_OUT'] as const;

const QUERY = `WorkflowType IN ('${CREATE_ORDER_SAGA}', '${CANCEL_ORDER_SAGA}') AND ExecutionStatus IN ('Terminated', 'TimedOut')`;

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
  for await (const { workflowId: sagaId } of client.workflow.list({ query: QUERY })) {
    if (seen.has(sagaId)) continue;
    seen.add(sagaId);
    // The list is of runs: the last one tells whether it was repaired since.
    const last = await client.workflow.getHandle(sagaId).describe();
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
  const last = await sagaRun(client, sagaId, runId);
  if (!last) return false;
  const { input, cancellations } = last;
  return start(
    client,
    sagaId,
    'orders' in input ? { ...input, cancellations } : input,
    'ALLOW_DUPLICATE_FAILED_ONLY',
  );
}

export type RepairSettings = Pick<
  CreateOrderSagaInput,
  'placement' | 'creditCheckTimeoutMs' | 'attentionAfterMs'
>;

/**
 * For orders as the databases know them, whatever became of an earlier run.
 *
 * @returns false when it runs already
 */
export async function runSaga(
  client: Client,
  repair: Extract<Repair, { kind: 'create' | 'cancel' }>,
  settings: RepairSettings,
): Promise<boolean> {
  const sagaId = sagaIdOf(repair);
  const last = await sagaRun(client, sagaId);
  if (repair.kind === 'cancel') {
    const { placement, attentionAfterMs } = settings;
    const cancellationKey = last && 'cancellationKey' in last.input ? last.input.cancellationKey : undefined;
    const { order } = repair;
    return start(client, sagaId, {
      placement,
      attentionAfterMs,
      ...SAGA_FLAGS,
      order,
      cancellationKey,
    });
  }
  const { orders } = repair;
  const isOf = (orderId: string) => orders.some((order) => order.orderId === orderId);
  const cancellations = last?.cancellations.filter(({ orderId }) => isOf(orderId));
  return start(client, sagaId, { ...settings, ...SAGA_FLAGS, orders, cancellations });
}

export function sagaIdOf(repair: Extract<Repair, { kind: 'create' | 'cancel' }>): string {
  return repair.kind === 'create' ? repair.sagaId : cancelSagaWorkflowId(repair.order.orderId);
}

async function start(
  client: Client,
  sagaId: string,
  input: SagaInput,
  workflowIdReusePolicy: WorkflowIdReusePolicy = 'ALLOW_DUPLICATE',
): Promise<boolean> {
  const [type, orders] =
    'orders' in input ? [CREATE_ORDER_SAGA, input.orders] : [CANCEL_ORDER_SAGA, [input.order]];
  try {
    await client.workflow.start(type, {
      workflowId: sagaId,
      workflowIdReusePolicy,
      taskQueue: ORDER_TASK_QUEUE,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
      typedSearchAttributes: [{ key: orderIdsAttribute, value: orders.map(({ orderId }) => orderId) }],
      staticSummary: 'Started again by repair',
      args: [input],
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
