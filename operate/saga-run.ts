/** What a run of a saga was begun with, and the cancellations that it had accepted: by its history. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { CancellationRequest, CancelOrderSagaInput, CreateOrderSagaInput } from '../domain/contracts';
import { REQUEST_CANCELLATION } from '../domain/names';

export type SagaInput = CreateOrderSagaInput | CancelOrderSagaInput;

export interface SagaRun {
  readonly input: SagaInput;
  /** Whoever was told that an order is going to be cancelled was told so for good. */
  readonly cancellations: readonly CancellationRequest[];
}

/**
 * @param runId otherwise the last one
 * @returns undefined when the server knows no such run, or no longer
 */
export async function sagaRun(client: Client, sagaId: string, runId?: string): Promise<SagaRun | undefined> {
  const handle = client.workflow.getHandle(sagaId, runId);
  try {
    await handle.describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
  const { events } = await handle.fetchHistory();
  const [input] = await decoded<SagaInput>(
    client,
    events?.[0]?.workflowExecutionStartedEventAttributes?.input,
  );
  if (!input) throw new TypeError(`saga ${sagaId} was started without an input`);
  const begunWith = 'orders' in input ? (input.cancellations ?? []) : [];
  return { input, cancellations: [...begunWith, ...(await accepted(client, events))] };
}

async function accepted(
  client: Client,
  events: temporal.api.history.v1.IHistoryEvent[] | null | undefined,
): Promise<CancellationRequest[]> {
  const requests: CancellationRequest[] = [];
  for (const event of events ?? []) {
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (update?.name === REQUEST_CANCELLATION)
      requests.push(...(await decoded<CancellationRequest>(client, update.args)));
  }
  return requests;
}

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
