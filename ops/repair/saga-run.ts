/** Reads the input of a run of a saga. */
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { CreateOrderSettings, OrderRequest, OrderToCancel } from '../../domain/contracts';
import { CANCEL_ORDER_SAGA, CREATE_ORDER_SAGA } from '../../domain/names';
import { decodePayloads } from '../../platform/payload-codec';
import type { SagaInput } from '../../saga/contract';
import { withTimeout } from '../../saga/host/with-timeout';

/** 10 s: the server needs milliseconds for one event of a history. */
const ANSWER_WITHIN_MS = 10_000;

/** NOT_FOUND of https://grpc.io/docs/guides/status-codes/. */
const NOT_FOUND = [5];

type CreateOrderInput = SagaInput<OrderRequest, CreateOrderSettings>;
type CancelOrderInput = SagaInput<OrderToCancel, Record<string, never>>;

/** The input without the journal of an earlier run: steps are idempotent, and the rows decide. */
export type SagaRun =
  | { readonly kind: 'create'; readonly input: CreateOrderInput }
  | { readonly kind: 'cancel'; readonly input: CancelOrderInput };

/**
 * @param runId default: the last run
 * @returns undefined when the server has no such run (any more)
 */
export async function sagaRun(client: Client, sagaId: string, runId?: string): Promise<SagaRun | undefined> {
  const started = await firstEvent(client, sagaId, runId);
  if (!started) return undefined;
  const type = started.workflowType?.name;
  if (type === CREATE_ORDER_SAGA) return { kind: 'create', input: await inputOf(client, started) };
  if (type === CANCEL_ORDER_SAGA) return { kind: 'cancel', input: await inputOf(client, started) };
  throw new TypeError(`saga ${sagaId} is of the unknown type ${String(type)}`);
}

type Started = temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;

async function firstEvent(client: Client, workflowId: string, runId = ''): Promise<Started | undefined> {
  const answer = client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  try {
    const { history } = await withTimeout(answer, ANSWER_WITHIN_MS, `history of ${workflowId}`);
    return history?.events?.[0]?.workflowExecutionStartedEventAttributes ?? undefined;
  } catch (error) {
    if (isGrpcServiceError(error) && NOT_FOUND.includes(error.code)) return undefined;
    throw error;
  }
}

/** Decodes the input, which our client has encoded for our workflow types. */
async function inputOf<Subject, Settings>(
  client: Client,
  { input }: Started,
): Promise<SagaInput<Subject, Settings>> {
  const codecs = client.options.dataConverter.payloadCodecs ?? [];
  const [payload] = await decodePayloads(codecs, input?.payloads ?? []);
  if (!payload) throw new TypeError('the first event of a saga has no input');
  const { carried: _, ...own } = defaultPayloadConverter.fromPayload<SagaInput<Subject, Settings>>(payload);
  return own;
}
