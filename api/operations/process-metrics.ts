/** Everything in a process that can fill up, beside its limit; and the times after which it gives up. */
import type { Pool } from 'pg';
import type { CreateOrderSettings, OrderRequest } from '../../domain/contracts';
import { type Backlog, backlogOf } from '../../events/backlog';
import type { SqlDatabase } from '../../events/sql';
import type { AsOf } from '../../projections/order-history/read';
import { type Fullness, type Metrics, only, type Reading } from '../../platform/metrics';
import { DATABASE_LIMITS } from '../../platform/postgres-session';
import type { GroupStarter } from '../../saga/host/group-starter';
import { WORKFLOW_TASK_TIMEOUT_MS } from '../../saga/limits';
import type { Admission } from '../http/admission';
import type { ParkedSagas } from '../orders/parked-sagas';
import type { OrderServiceSettings } from '../service-settings';

type OrderStarter = Pick<
  GroupStarter<OrderRequest, CreateOrderSettings>,
  'limits' | 'groupsUnderWay' | 'waiting'
>;

/** @param pools by database */
export function databaseMetrics(metrics: Metrics, pools: Readonly<Record<string, Pool>>): void {
  const each = (read: (pool: Pool, database: string) => readonly Reading[]) => () =>
    Object.entries(pools).flatMap(([database, pool]) => read(pool, database));
  metrics.gauge(
    'database_connections',
    'Connections to a database.',
    each((pool, database) => [
      { value: pool.idleCount, labels: { database, state: 'idle' } },
      { value: pool.totalCount - pool.idleCount, labels: { database, state: 'in use' } },
    ]),
  );
  metrics.gauge(
    'database_connections_limit',
    'The most connections to a database.',
    each((_pool, database) => [{ value: DATABASE_LIMITS.connections, labels: { database } }]),
  );
  metrics.gauge(
    'database_statements_waiting',
    'Statements that wait for a connection.',
    each((pool, database) => [{ value: pool.waitingCount, labels: { database } }]),
  );
  const { connectMs, statementMs, queryMs } = DATABASE_LIMITS;
  timeouts(metrics, 'database_timeout_seconds', {
    connect: connectMs,
    statement: statementMs,
    query: queryMs,
  });
}

export function workerMetrics(metrics: Metrics, slots: () => readonly Fullness[]): void {
  metrics.gauge('worker_slots', 'What a worker does or keeps just now.', () =>
    slots().map(({ kind, inUse }) => ({ value: inUse, labels: { kind } })),
  );
  metrics.gauge('worker_slots_limit', 'The most that a worker does or keeps.', () =>
    slots().map(({ kind, limit }) => ({ value: limit, labels: { kind } })),
  );
}

/** @param outboxes by service */
export function outboxMetrics(metrics: Metrics, outboxes: Readonly<Record<string, SqlDatabase>>): void {
  const each = (value: (backlog: Backlog) => number) => () =>
    Promise.all(
      Object.entries(outboxes).map(async ([service, db]) => ({
        value: value(await backlogOf(db)),
        labels: { service },
      })),
    );
  metrics.gauge(
    'outbox_unpublished_events',
    'Events that are recorded and not published yet, 10000 at most.',
    each(({ events }) => events),
  );
  metrics.gauge(
    'outbox_unpublished_oldest_seconds',
    'How long ago the oldest of them was recorded.',
    each(({ oldestSeconds }) => oldestSeconds),
  );
}

export function historyMetrics(metrics: Metrics, asOf: () => Promise<AsOf>): void {
  metrics.gauge(
    'order_history_lag_seconds',
    'Everything that was committed longer ago is in the order history; absent while that is not known.',
    async () => {
      const { followedTo } = await asOf();
      return followedTo === null ? [] : only(Math.max(Date.now() - followedTo.getTime(), 0) / 1_000);
    },
  );
  metrics.gauge('order_history_set_aside_events', 'Events that could not be understood.', async () =>
    only((await asOf()).setAside),
  );
  metrics.gauge(
    'order_history_recovering',
    '1 while it follows from the start, because a service has lost events.',
    async () => only((await asOf()).recovering ? 1 : 0),
  );
}

export function streamMetrics(metrics: Metrics, streams: Admission): void {
  metrics.gauge('event_streams', 'Event streams that are open.', () => only(streams.count));
  metrics.gauge('event_streams_limit', 'Who comes on top of so many is refused with 503.', () =>
    only(streams.max),
  );
}

export function orderServiceMetrics(
  metrics: Metrics,
  { starter, admission, parked }: { starter: OrderStarter; admission: Admission; parked: ParkedSagas },
  { creditCheckTimeoutMs, attentionAfterMs }: OrderServiceSettings,
): void {
  const { groupsInFlight, groupMax, waitingMax } = starter.limits;
  metrics.gauge('orders_in_flight', 'Requests that place or cancel an order and have no answer yet.', () =>
    only(admission.count),
  );
  metrics.gauge('orders_in_flight_limit', 'Who comes on top of so many is refused with 503.', () =>
    only(admission.max),
  );
  metrics.gauge('saga_groups_under_way', 'Groups of orders that count as under way.', () =>
    only(starter.groupsUnderWay),
  );
  metrics.gauge('saga_groups_under_way_limit', 'The most groups side by side.', () => only(groupsInFlight));
  metrics.gauge('saga_group_orders_limit', 'The most orders in a group.', () => only(groupMax));
  metrics.gauge('orders_waiting_for_group', 'Orders that wait for the next group.', () =>
    only(starter.waiting),
  );
  metrics.gauge('orders_waiting_for_group_limit', 'Who comes on top of so many is refused with 503.', () =>
    only(waitingMax),
  );
  metrics.gauge(
    'sagas_needing_attention',
    'Sagas with a step that must succeed and keeps failing: npm run parked.',
    () => only(parked.count),
  );
  timeouts(metrics, 'saga_timeout_seconds', {
    workflowTask: WORKFLOW_TASK_TIMEOUT_MS,
    creditCheck: creditCheckTimeoutMs,
    attentionAfter: attentionAfterMs,
  });
}

function timeouts(metrics: Metrics, name: string, all: Readonly<Record<string, number>>): void {
  metrics.gauge(name, 'After so long it is given up, or told of.', () =>
    Object.entries(all).map(([of, ms]) => ({ value: ms / 1_000, labels: { of } })),
  );
}
