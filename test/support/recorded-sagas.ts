/** The recorded histories of `test/replay`, as a timeline reads them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defaultDataConverter } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { PayloadReader } from '../../api/operators/payload-reader';
import { readFacts } from '../../api/operators/read-facts';
import type { SagaFact } from '../../api/operators/saga-facts';
import type { PathStep } from '../../api/operators/order-walk';
import { type OrderSagas, pathOf } from '../../api/operators/saga-path';
import type { HistoryEvent } from '../../api/operators/saga-runs';
import { CANCEL_ORDER_SAGA } from '../../domain/names';
import { CORPUS } from '../../ops/replay/corpus';
import { cancelByRequest } from '../../workflows/cancel-order-saga';
import { createOrderSaga } from '../../workflows/create-order-saga';
import { recordGivingUp } from '../../workflows/order-outcomes';

export const ORDER_SAGAS: OrderSagas = {
  create: createOrderSaga.run,
  cancel: cancelByRequest,
  recordGivingUp,
};

const reader = new PayloadReader(defaultDataConverter);

export const recordedNames = (): string[] =>
  readdirSync(CORPUS)
    .filter((file) => file !== 'index.json')
    .map((file) => path.basename(file, '.json'));

export function recordedEvents(name: string): readonly HistoryEvent[] {
  const text = readFileSync(path.join(CORPUS, `${name}.json`), 'utf8');
  return historyFromJSON(JSON.parse(text)).events ?? [];
}

/** @param runs of one saga, the first one first */
export function factsOf(...runs: (readonly HistoryEvent[])[]): Promise<SagaFact[]> {
  return readFacts({ sagaId: 'saga', status: '', runs, pending: [], truncated: false }, reader);
}

/** Ids of the orders of a saga. */
export function ordersOf(facts: readonly SagaFact[]): string[] {
  const started = facts.find((fact) => fact.kind === 'started');
  return started?.input.subjects.map(({ orderId }) => orderId) ?? [];
}

export async function pathOfRecorded(
  events: readonly HistoryEvent[],
  facts: readonly SagaFact[],
  orderId: string,
): Promise<readonly PathStep[]> {
  const type = events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name;
  const isCancellation = type === CANCEL_ORDER_SAGA;
  return (await pathOf(facts, orderId, ORDER_SAGAS, { isCancellation, state: 'APPROVED' })) ?? [];
}
