/** Lists the running sagas. */
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { CANCEL_ORDER_SAGA, CREATE_ORDER_SAGA, ORDER_IDS_ATTRIBUTE } from '../../domain/names';
import { NEEDS_ATTENTION_ATTRIBUTE } from '../../saga/contract';
import { eachWithTimeout } from '../../saga/host/with-timeout';

/** 10 s for a page of the list: it takes the server milliseconds. */
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
