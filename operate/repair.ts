/**
 * Starts sagas again that an operator has terminated, or that ran out of time: with their own input and under
 * their own id, so that they find what they had done and go on from there. Rows are never edited.
 */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { SagaCanceller } from '../api/saga-canceller';
import { orderIdsAttribute, WORKFLOW_TASK_TIMEOUT_MS } from '../api/saga-starter';
import type { CancellationRequest, CancelOrderSagaInput, CreateOrderSagaInput } from '../domain/contracts';
import {
  CANCEL_ORDER_SAGA,
  CREATE_ORDER_SAGA,
  ORDER_TASK_QUEUE,
  REQUEST_CANCELLATION,
} from '../domain/names';

/** A failed saga met a bug: whether running it again helps is for a person to judge. */
const LOST = ['TERMINATED', 'TIMED_OUT'] as const;
const FAILED = 'FAILED';

const QUERY = `WorkflowType IN ('${CREATE_ORDER_SAGA}', '${CANCEL_ORDER_SAGA}') AND ExecutionStatus IN ('Terminated', 'TimedOut', 'Failed')`;

export interface BrokenSaga {
  readonly sagaId: string;
  readonly runId: string;
  readonly type: string;
  readonly status: string;
  /** Whether starting it again puts it right; otherwise a person has to look. */
  readonly repairable: boolean;
}

/** The sagas that did not come to their end, as far as Temporal's visibility knows; each once. */
export async function* brokenSagas(client: Client): AsyncGenerator<BrokenSaga> {
  const seen = new Set<string>();
  for await (const { workflowId: sagaId } of client.workflow.list({ query: QUERY })) {
    if (seen.has(sagaId)) continue;
    seen.add(sagaId);
    // The list is of runs: the last one tells whether it was repaired since.
    const last = await client.workflow.getHandle(sagaId).describe();
    const broken = asBroken(last);
    if (broken) yield broken;
  }
}

function asBroken({
  workflowId: sagaId,
  runId,
  type,
  status,
}: WorkflowExecutionDescription): BrokenSaga | undefined {
  const repairable = LOST.some((lost) => lost === status.name);
  if (!repairable && status.name !== FAILED) return undefined;
  return { sagaId, runId, type, status: status.name, repairable };
}

/**
 * Starts the saga again, and repeats the cancellations that its last run had accepted.
 *
 * @throws WorkflowExecutionAlreadyStartedError when somebody else has repaired it meanwhile
 */
export async function startAgain(client: Client, { sagaId, runId, type }: BrokenSaga): Promise<void> {
  const { events } = await client.workflow.getHandle(sagaId, runId).fetchHistory();
  const [input] = decoded<SagaInput>(events?.[0]?.workflowExecutionStartedEventAttributes?.input);
  if (!input) throw new TypeError(`saga ${sagaId} was started without an input`);
  const orders = 'orders' in input ? input.orders : [input.order];
  await client.workflow.start(type, {
    workflowId: sagaId,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    taskQueue: ORDER_TASK_QUEUE,
    args: [input],
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
    typedSearchAttributes: [{ key: orderIdsAttribute, value: orders.map(({ orderId }) => orderId) }],
    staticSummary: 'Started again by repair',
  });
  const canceller = new SagaCanceller({ client, placement: input.placement });
  for (const event of events ?? []) {
    const accepted = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (accepted?.name !== REQUEST_CANCELLATION) continue;
    const [request] = decoded<CancellationRequest>(accepted.args);
    const order = orders.find(({ orderId }) => orderId === request?.orderId);
    if (!request || !order || (await canceller.requestCancellation(sagaId, request))) continue;
    await canceller.start({ order, cancellationKey: request.cancellationKey });
  }
}

type SagaInput = CreateOrderSagaInput | CancelOrderSagaInput;

/** What our own client has encoded. */
function decoded<T>(payloads: temporal.api.common.v1.IPayloads | null | undefined): T[] {
  return (payloads?.payloads ?? []).map((payload) => defaultPayloadConverter.fromPayload<T>(payload));
}
