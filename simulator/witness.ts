/** What the checks at the end have to know of what happened on the way. */
import type { CreateOrderSagaInput } from '../domain/contracts';
import { idOf } from './scenario';

export class Witness {
  /** Orders whose cancellation has been confirmed to somebody. */
  readonly promised = new Set<string>();
  /** Orders that anybody may have wanted cancelled. */
  readonly unwanted = new Set<string>();
  /** Orders that something has happened to that can make their credit check late. */
  readonly troubled = new Set<string>();
  /** Sagas whose reservation was refused for good: a bug, with which they fail when their orders are at their ends. */
  readonly refused = new Set<string>();
  /** Orders whose saga an operator has told to give a step up. */
  readonly givenUp = new Set<string>();

  constructor(private readonly sagas: readonly CreateOrderSagaInput[]) {}

  trouble(orderIds: Iterable<string>): void {
    for (const orderId of orderIds) this.troubled.add(orderId);
  }

  troubleSaga(sagaId: string): void {
    this.trouble(this.ordersOf(sagaId));
  }

  /** What holds rows for long can be in the way of every order. */
  troubleAll(): void {
    for (const saga of this.sagas) this.troubleSaga(idOf(saga));
  }

  /** @returns the ids of the orders that a `createOrderSaga` carries; none for another saga */
  ordersOf(sagaId: string): string[] {
    const input = this.sagas.find((saga) => idOf(saga) === sagaId);
    return input ? input.orders.map(({ orderId }) => orderId) : [];
  }
}
