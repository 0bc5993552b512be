/** What callers and operators do. */
import type { CancellationRequest, OrderRequest } from '../domain/contracts';
import { REQUEST_CANCELLATION } from '../domain/names';
import { SAGA_FLAGS } from '../domain/saga-start';
import { abandon } from './faults';
import type { Input } from './history';
import type { SagaRun } from './saga-run';
import { ATTENTION_AFTER_MS, placementOf } from './scenario';
import type { StepCall } from './step-call';
import { Transaction } from './table';
import type { World } from './world';

/** Whether somebody who looks for the order finds it. */
export function isThere({ orders }: World, orderId: string): boolean {
  return orders.orders.seen(orderId, new Transaction()) !== undefined;
}

/** `POST /orders/:id/cancel`; an order that is cancelled already is left as it is. */
export async function cancelOrder(world: World, orderId: string): Promise<void> {
  world.wishes.delete(orderId);
  const order = world.orders.orders.seen(orderId, new Transaction());
  if (!order || order.state === 'CANCELLED') return;
  const saga = world.sagas.get(order.sagaId);
  if (order.state === 'PENDING' && saga) await askSaga(world, saga, order);
  else await startCancelSaga(world, order);
}

/** Whether the saga that is about to have an answer carries this order, and would have it cancelled. */
export function canBeAskedWith(world: World, { waiting, state }: StepCall, orderId: string): boolean {
  if (!waiting || state !== 'committed') return false;
  const { saga, execution = saga.execution } = waiting;
  const order = world.orders.orders.seen(orderId, new Transaction());
  return (
    order?.state === 'PENDING' &&
    order.sagaId === saga.sagaId &&
    execution === saga.execution &&
    execution.refusal(REQUEST_CANCELLATION, { orderId }) === undefined
  );
}

/** The caller's wish and a step's answer reach the saga in one task. */
export async function cancelWithAnswer(world: World, call: StepCall, orderId: string): Promise<void> {
  const saga = call.waiting?.saga;
  const order = world.orders.orders.seen(orderId, new Transaction());
  if (!saga || !order) return;
  world.wishes.delete(orderId);
  world.witness.unwanted.add(orderId);
  await world.reply(call, cancellationOf(orderId, world.nowMs));
  accepted(world, saga, order);
}

/** Temporal's own Cancel. */
export async function cancelInTemporal(world: World, saga: SagaRun): Promise<void> {
  for (const orderId of world.witness.ordersOf(saga.sagaId)) world.witness.unwanted.add(orderId);
  world.record(saga);
  await saga.tell({ kind: 'cancel', at: world.nowMs });
  world.afterTurn(saga, saga.execution);
  world.record(saga);
}

/** Temporal's own Terminate; the repair starts the saga again. */
export async function terminateAndRepair(world: World, saga: SagaRun): Promise<void> {
  world.witness.troubleSaga(saga.sagaId);
  const isOfSaga = ({ execution = saga.execution }) => !saga.zombies.has(execution);
  abandon(world, ({ waiting }) => waiting?.saga === saga && isOfSaga(waiting), true);
  await saga.startAgain(world.nowMs);
  world.afterTurn(saga, saga.execution);
}

/** Its own saga while that has not decided; otherwise the one that cancels approved orders. */
async function askSaga(world: World, saga: SagaRun, order: OrderRequest): Promise<void> {
  const { orderId } = order;
  world.witness.unwanted.add(orderId);
  if (saga.outcome || saga.execution.refusal(REQUEST_CANCELLATION, { orderId }) !== undefined) {
    await startCancelSaga(world, order);
    return;
  }
  world.record(saga);
  await saga.tell(cancellationOf(orderId, world.nowMs));
  world.afterTurn(saga, saga.execution);
  accepted(world, saga, order);
}

function cancellationOf(orderId: string, at: number): Input {
  const argument: CancellationRequest = { orderId };
  return { kind: 'update', name: REQUEST_CANCELLATION, argument, at };
}

/** The caller hears of it when it is recorded, also while a step is under way. */
function accepted(world: World, saga: SagaRun, { orderId }: OrderRequest): void {
  world.record(saga);
  saga.cancellations.push({ orderId });
  world.witness.promised.add(orderId);
}

async function startCancelSaga(world: World, order: OrderRequest): Promise<void> {
  const { orderId, customerId, totalMinor, currency } = order;
  world.witness.unwanted.add(orderId);
  world.witness.promised.add(orderId);
  await world.startCancelSaga({
    placement: placementOf(world.scenario),
    order: { orderId, customerId, totalMinor, currency },
    attentionAfterMs: ATTENTION_AFTER_MS,
    ...SAGA_FLAGS,
  });
}
