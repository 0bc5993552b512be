/** What only a mistake can cause, on the stage: functions that are missing, and sagas that wait for them. */
import type { OrderRequest } from '../../../domain/contracts';
import type { Lock } from '../../support/outages';
import { type Saga, Stage } from './stage';

const LONG = { settings: { creditCheckTimeoutMs: 60_000 } };

export class Mishaps extends Stage {
  async keepEnded({ workflowId }: Pick<Saga, 'workflowId'>, name: string, words: string): Promise<void> {
    await this.ended(workflowId);
    await this.keep(workflowId, name, words);
  }

  /** Without these functions of the customer database meanwhile. */
  async without<T>(names: readonly string[], run: () => Promise<T>): Promise<T> {
    for (const name of names) await this.onCustomers(`ALTER FUNCTION ${name} RENAME TO ${name}_gone`);
    try {
      return await run();
    } finally {
      for (const name of names) await this.onCustomers(`ALTER FUNCTION ${name}_gone RENAME TO ${name}`);
    }
  }

  /** An order whose credit can be neither reserved nor released while the operators are at work. */
  refused(operators: (saga: Saga) => Promise<unknown>, orders = [this.order()]): Promise<Saga> {
    return this.without(['reserve_credit', 'release_credit'], async () => {
      const saga = await this.start(orders);
      await this.parked(saga.workflowId);
      await operators(saga);
      return saga;
    });
  }

  /** An order that waits for the row of its customer. */
  async waiting(order: OrderRequest): Promise<{ readonly lock: Lock; readonly saga: Saga }> {
    const lock = await this.holdCustomer(order.customerId);
    const saga = await this.start([order], LONG);
    await this.stateIs(order.orderId, 'PENDING');
    return { lock, saga };
  }
}
