/** Whether orders are completed: in a final state, and no saga runs for them. */
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { ORDER_IDS_ATTRIBUTE } from '../../domain/names';
import { createPool } from '../../platform/postgres-session';
import { withTimeout } from '../../saga/host/with-timeout';
import type { Cluster } from './cluster';

/** 1 s: a server answers in milliseconds unless a fault affects it. */
const ANSWERED_WITHIN_MS = 1_000;

export class OrderCompletion {
  readonly #orders: Pool;

  constructor(
    cluster: Pick<Cluster, 'adminUrlOf'>,
    private readonly temporal: Client,
  ) {
    this.#orders = createPool(cluster.adminUrlOf('order'), 'fault suite').on('error', () => undefined);
  }

  /** @returns false also while a server is unavailable */
  async reached(orderIds: readonly string[]): Promise<boolean> {
    try {
      const { rows } = await this.#orders.query<{ done: boolean }>(
        `SELECT count(*) = cardinality($1::uuid[]) AS done FROM orders
         WHERE id = ANY ($1) AND state IN ('APPROVED', 'CANCELLED')`,
        [orderIds],
      );
      return rows[0]?.done === true && !(await this.#sagasRun(orderIds));
    } catch {
      return false;
    }
  }

  /** A saga may still release the credit of a CANCELLED order. */
  async #sagasRun(orderIds: readonly string[]): Promise<boolean> {
    const ids = orderIds.map((id) => `'${id}'`).join();
    const query = `ExecutionStatus = 'Running' AND ${ORDER_IDS_ATTRIBUTE} IN (${ids})`;
    const counting = this.temporal.workflow.count(query);
    return (await withTimeout(counting, ANSWERED_WITHIN_MS, 'count of sagas')).count > 0;
  }

  async stop(): Promise<void> {
    await this.#orders.end();
  }
}
