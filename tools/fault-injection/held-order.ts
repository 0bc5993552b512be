/** An order whose cancellation waits, because another transaction locks its customer's row. */
import { randomUUID } from 'node:crypto';
import type { Client as TemporalClient } from '@temporalio/client';
import type { Client } from 'pg';
import { cancelSagaWorkflowId } from '../../domain/names';
import { connectClient } from '../../platform/postgres-session';
import { RETRY_STEP } from '../../saga/contract';
import { type Acknowledged, acknowledged, placeOrder, recordAnswer } from './acknowledged-order';
import type { Answer, Call, RetryingClient } from './retrying-client';
import type { Cluster } from './cluster';

export class HeldOrder {
  private constructor(
    /** What its caller knows of it. */
    readonly known: Acknowledged,
    /** The connection whose transaction locks the row. */
    private readonly holder: Client,
  ) {}

  /** @throws Error when the order cannot be placed, approved and then cancelled */
  static async place(cluster: Pick<Cluster, 'adminUrlOf'>, client: RetryingClient): Promise<HeldOrder> {
    const customer = { name: 'Held', creditLimit: { amount: '10.00', currency: 'USD' } };
    const created = await expect(client, keyed('/customers', customer), [201]);
    const order = { customerId: String(created.body['customerId']), amount: '1.00', key: randomUUID() };
    const placed = await expect(client, placeOrder(order, { Prefer: 'wait=10' }), [201]);
    const orderId = String(placed.body['orderId']);
    const holder = await connectClient(cluster.adminUrlOf('customer'), 'fault suite');
    await holder.query('BEGIN');
    await holder.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [order.customerId]);
    const known = acknowledged({ ...order, orderId }, String(placed.body['state']));
    const accepted = await expect(client, keyed(`/orders/${orderId}/cancel`), [202]);
    known.cancelled = true;
    recordAnswer(known, accepted);
    return new HeldOrder(known, holder);
  }

  get sagaId(): string {
    return cancelSagaWorkflowId(this.known.orderId);
  }

  /** Locks the whole table: every statement on it waits. */
  async lockCustomers(): Promise<void> {
    await this.holder.query('SAVEPOINT one_row');
    await this.holder.query('LOCK TABLE customers');
  }

  async unlockCustomers(): Promise<void> {
    await this.holder.query('ROLLBACK TO SAVEPOINT one_row');
  }

  /** Releases the lock, and signals a retry: the next attempt may be far away after a long wait. */
  async release(temporal: TemporalClient): Promise<void> {
    await this.holder.query('ROLLBACK');
    await temporal.workflow.getHandle(this.sagaId).signal(RETRY_STEP, { by: 'fault suite' });
  }

  async end(): Promise<void> {
    await this.holder.end();
  }
}

function keyed(path: string, body?: object): Call {
  return { method: 'POST', path, headers: { 'Idempotency-Key': randomUUID() }, ...(body && { body }) };
}

async function expect(client: RetryingClient, call: Call, statuses: readonly number[]): Promise<Answer> {
  const answer = await client.untilAnswered(call);
  if (answer && statuses.includes(answer.status)) return answer;
  throw new Error(`${call.method} ${call.path}: ${String(answer?.status)} ${JSON.stringify(answer?.body)}`);
}
