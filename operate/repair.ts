/**
 * Starts sagas again that an operator has terminated, or that ran out of time: with their own input and under
 * their own id, so that they find what they had done and go on from there. Rows are never edited.
 */
import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { SagaCanceller } from '../api/saga-canceller';
import { orderIdsAttribute } from '../api/saga-starter';
import { WORKFLOW_TASK_TIMEOUT_MS } from '../domain/saga-start';
import type {
  CancellationRequest,
  CancelOrderSagaInput,
  CreateOrderSagaInput,
  OrderRequest,
} from '../domain/contracts';
import {
  CANCEL_ORDER_SAGA,
  cancelSagaWorkflowId,
  CREATE_ORDER_SAGA,
  ORDER_TASK_QUEUE,
  REQUEST_CANCELLATION,
} from '../domain/names';
import type { Repair } from './repair-plan';

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
  const [input] = await decoded<SagaInput>(
    client,
    events?.[0]?.workflowExecutionStartedEventAttributes?.input,
  );
  if (!input) throw new TypeError(`saga ${sagaId} was started without an input`);
  const orders = 'orders' in input ? input.orders : [input.order];
  await client.workflow.start(type, {
    ...startOptions(sagaId, orders),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    args: [input],
  });
  await cancelAgain(client, sagaId, input, await acceptedCancellations(client, events, orders));
}

interface Accepted {
  readonly order: OrderRequest;
  readonly request: CancellationRequest;
}

/** Whoever was told that an order is going to be cancelled was told so for good. */
async function acceptedCancellations(
  client: Client,
  events: temporal.api.history.v1.IHistoryEvent[] | null | undefined,
  orders: readonly OrderRequest[],
): Promise<Accepted[]> {
  const accepted: Accepted[] = [];
  for (const event of events ?? []) {
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (update?.name !== REQUEST_CANCELLATION) continue;
    const [request] = await decoded<CancellationRequest>(client, update.args);
    const order = orders.find(({ orderId }) => orderId === request?.orderId);
    if (request && order) accepted.push({ order, request });
  }
  return accepted;
}

async function cancelAgain(
  client: Client,
  sagaId: string,
  { placement, attentionAfterMs }: Pick<RepairSettings, 'placement' | 'attentionAfterMs'>,
  accepted: readonly Accepted[],
): Promise<void> {
  const canceller = new SagaCanceller({ client, placement, attentionAfterMs, eagerStart: false });
  for (const { order, request } of accepted) {
    if (await canceller.requestCancellation(sagaId, request)) continue;
    await canceller.start({ order, cancellationKey: request.cancellationKey });
  }
}

/** @returns undefined when the server knows no run of it, or no longer */
async function lastRun(
  client: Client,
  sagaId: string,
): Promise<temporal.api.history.v1.IHistoryEvent[] | null | undefined> {
  const handle = client.workflow.getHandle(sagaId);
  try {
    await handle.describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
  return (await handle.fetchHistory()).events;
}

export type RepairSettings = Pick<
  CreateOrderSagaInput,
  'placement' | 'creditCheckTimeoutMs' | 'attentionAfterMs'
>;

/**
 * Runs a saga for orders as the databases know them, whatever became of an earlier run; the cancellations that it had
 * accepted are repeated.
 *
 * @returns false when it runs already
 */
export async function runSaga(
  client: Client,
  repair: Extract<Repair, { kind: 'create' | 'cancel' }>,
  settings: RepairSettings,
): Promise<boolean> {
  const { placement, attentionAfterMs } = settings;
  const orders = repair.kind === 'create' ? repair.orders : [repair.order];
  const input: SagaInput =
    repair.kind === 'create' ? { ...settings, orders } : { placement, attentionAfterMs, order: repair.order };
  const accepted = await acceptedCancellations(client, await lastRun(client, sagaIdOf(repair)), orders);
  try {
    await client.workflow.start(repair.kind === 'create' ? CREATE_ORDER_SAGA : CANCEL_ORDER_SAGA, {
      ...startOptions(sagaIdOf(repair), orders),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      args: [input],
    });
    await cancelAgain(client, sagaIdOf(repair), settings, accepted);
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

export function sagaIdOf(repair: Extract<Repair, { kind: 'create' | 'cancel' }>): string {
  return repair.kind === 'create' ? repair.sagaId : cancelSagaWorkflowId(repair.order.orderId);
}

function startOptions(sagaId: string, orders: readonly OrderRequest[]) {
  return {
    workflowId: sagaId,
    taskQueue: ORDER_TASK_QUEUE,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
    typedSearchAttributes: [{ key: orderIdsAttribute, value: orders.map(({ orderId }) => orderId) }],
    staticSummary: 'Started again by repair',
  };
}

type SagaInput = CreateOrderSagaInput | CancelOrderSagaInput;

/** What our own client has encoded. */
async function decoded<T>(
  client: Client,
  payloads: temporal.api.common.v1.IPayloads | null | undefined,
): Promise<T[]> {
  const codecs = client.options.dataConverter.payloadCodecs ?? [];
  let plain = payloads?.payloads ?? [];
  for (const codec of codecs.toReversed()) plain = await codec.decode(plain);
  return plain.map((payload) => defaultPayloadConverter.fromPayload<T>(payload));
}
