/** Reads the state of sagas from Temporal. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { CANCEL_ORDER_SAGA, CREATE_ORDER_SAGA, ORDER_IDS_ATTRIBUTE } from '../../domain/names';
import { NEEDS_ATTENTION_ATTRIBUTE } from '../../saga/contract';
import { eachWithTimeout, withTimeout } from '../../saga/host/with-timeout';

/** 20 concurrent requests: some hundred per second, a small load for a server. */
const CONCURRENCY = 20;

/** 10 s for a page of the list, and for a description: each takes the server milliseconds. */
const ANSWER_WITHIN_MS = 10_000;

const RUNNING = `WorkflowType IN ('${CREATE_ORDER_SAGA}', '${CANCEL_ORDER_SAGA}') AND ExecutionStatus = 'Running'`;

const orderIds = defineSearchAttributeKey(ORDER_IDS_ATTRIBUTE, SearchAttributeType.KEYWORD_LIST);
const needsAttention = defineSearchAttributeKey(NEEDS_ATTENTION_ATTRIBUTE, SearchAttributeType.KEYWORD_LIST);

export interface RunningSaga {
  readonly sagaId: string;
  readonly orderIds: readonly string[];
  /** Its parked steps. */
  readonly needsAttention: readonly string[];
}

/** Lists the running sagas. Temporal's list may be a second behind. */
export async function* runningSagas(client: Client): AsyncGenerator<RunningSaga> {
  const listed = eachWithTimeout(
    client.workflow.list({ query: RUNNING }),
    ANSWER_WITHIN_MS,
    'list of running sagas',
  );
  for await (const { workflowId, typedSearchAttributes } of listed) {
    yield {
      sagaId: workflowId,
      orderIds: typedSearchAttributes.get(orderIds) ?? [],
      needsAttention: typedSearchAttributes.get(needsAttention) ?? [],
    };
  }
}

/** @returns the ids of those sagas that run, read from the sagas themselves, so without delay */
export async function whichRun(client: Client, sagaIds: readonly string[]): Promise<ReadonlySet<string>> {
  const ids = [...new Set(sagaIds)];
  const running = new Set<string>();
  for (let from = 0; from < ids.length; from += CONCURRENCY) {
    await Promise.all(
      ids.slice(from, from + CONCURRENCY).map(async (sagaId) => {
        if (await runs(client, sagaId)) running.add(sagaId);
      }),
    );
  }
  return running;
}

async function runs(client: Client, sagaId: string): Promise<boolean> {
  try {
    const described = client.workflow.getHandle(sagaId).describe();
    const { status } = await withTimeout(described, ANSWER_WITHIN_MS, `description of ${sagaId}`);
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
