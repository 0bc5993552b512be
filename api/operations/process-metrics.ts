/** The gauges of a process: each bounded resource with its limit, and the timeouts. */
import type { Pool } from 'pg';
import type { CreateOrderSettings, OrderRequest } from '../../domain/contracts';
import { type Backlog, backlogOf } from '../../events/backlog';
import type { SqlDatabase } from '../../events/sql';
import type { AsOf } from '../../projections/order-history/read';
import type { Metrics, Reading, ResourceUsage } from '../../platform/metrics';
import { DATABASE_LIMITS, READ_LIMITS } from '../../platform/postgres-session';
import type { GroupStarter } from '../../saga/host/group-starter';
import { WORKFLOW_TASK_TIMEOUT_MS } from '../../saga/limits';
import type { Admission } from '../http/admission';
import type { ParkedSagas } from '../orders/parked-sagas';
import type { OrderServiceSettings } from '../service-settings';

type OrderStarter = Pick<
  GroupStarter<OrderRequest, CreateOrderSettings>,
  'limits' | 'groupsUnderWay' | 'waiting'
>;

const REJECTED_ABOVE = 'Requests above this limit get 503.';

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
    'Maximum number of connections to a database.',
    each((pool, database) => [{ value: pool.options.max, labels: { database } }]),
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
    readStatement: READ_LIMITS.statementMs,
  });
}

export function workerMetrics(metrics: Metrics, slots: () => readonly ResourceUsage[]): void {
  metrics.gauge('worker_slots', 'Slots of a worker that are in use.', () =>
    slots().map(({ kind, inUse }) => ({ value: inUse, labels: { kind } })),
  );
  metrics.gauge('worker_slots_limit', 'Maximum number of slots of a worker.', () =>
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
    'Recorded events that are not published yet, at most 10000.',
    each(({ events }) => events),
  );
  metrics.gauge(
    'outbox_unpublished_oldest_seconds',
    'Age of the oldest event that is not published yet.',
    each(({ oldestSeconds }) => oldestSeconds),
  );
}

export function historyMetrics(metrics: Metrics, asOf: () => Promise<AsOf>): void {
  metrics.gauge(
    'order_history_lag_seconds',
    'The order history includes everything that was committed longer ago. Absent while that is unknown.',
    async () => {
      const { followedTo } = await asOf();
      return followedTo === null ? [] : [{ value: Math.max(Date.now() - followedTo.getTime(), 0) / 1_000 }];
    },
  );
  single(metrics, 'order_history_set_aside_events', 'Events that were set aside.', async () => {
    return (await asOf()).setAside;
  });
  single(
    metrics,
    'order_history_recovering',
    '1 while the history reads the feed from its start, because a service has lost events.',
    async () => ((await asOf()).recovering ? 1 : 0),
  );
  single(
    metrics,
    'order_history_incomplete',
    '1 while the history lacks events that were pruned before it read them.',
    async () => ((await asOf()).complete ? 0 : 1),
  );
}

export function readerMetrics(
  metrics: Metrics,
  { streams, waits, queued }: Readonly<Record<'streams' | 'waits' | 'queued', Admission>>,
): void {
  single(metrics, 'event_streams', 'Open event streams.', () => streams.count);
  single(metrics, 'event_streams_limit', REJECTED_ABOVE, () => streams.max);
  single(
    metrics,
    'waiting_readers',
    'Requests that wait for news of the feed or the order history.',
    () => waits.count,
  );
  single(metrics, 'waiting_readers_limit', REJECTED_ABOVE, () => waits.max);
  single(metrics, 'queued_pages', 'Requests for a page that wait for their turn.', () => queued.count);
  single(metrics, 'queued_pages_limit', REJECTED_ABOVE, () => queued.max);
}

export function orderServiceMetrics(
  metrics: Metrics,
  { starter, admission, parked }: { starter: OrderStarter; admission: Admission; parked: ParkedSagas },
  { creditCheckTimeoutMs, attentionAfterMs }: OrderServiceSettings,
): void {
  const { groupsInFlight, groupMax, waitingMax } = starter.limits;
  const gauges: [name: string, description: string, read: () => number][] = [
    ['orders_in_flight', 'Unanswered requests that place or cancel an order.', () => admission.count],
    ['orders_in_flight_limit', REJECTED_ABOVE, () => admission.max],
    ['saga_groups_under_way', 'Groups of orders that are under way.', () => starter.groupsUnderWay],
    ['saga_groups_under_way_limit', 'Maximum number of groups under way.', () => groupsInFlight],
    ['saga_group_orders_limit', 'Maximum number of orders in a group.', () => groupMax],
    ['orders_waiting_for_group', 'Orders that wait for the next group.', () => starter.waiting],
    ['orders_waiting_for_group_limit', REJECTED_ABOVE, () => waitingMax],
    ['sagas_needing_attention', 'Sagas with a parked step; see npm run parked.', () => parked.count],
  ];
  for (const gauge of gauges) single(metrics, ...gauge);
  timeouts(metrics, 'saga_timeout_seconds', {
    workflowTask: WORKFLOW_TASK_TIMEOUT_MS,
    creditCheck: creditCheckTimeoutMs,
    attentionAfter: attentionAfterMs,
  });
}

/** A gauge without labels. */
function single(
  metrics: Metrics,
  name: string,
  description: string,
  read: () => number | Promise<number>,
): void {
  metrics.gauge(name, description, async () => [{ value: await read() }]);
}

function timeouts(metrics: Metrics, name: string, all: Readonly<Record<string, number>>): void {
  metrics.gauge(name, 'Configured timeouts, by operation.', () =>
    Object.entries(all).map(([of, ms]) => ({ value: ms / 1_000, labels: { of } })),
  );
}
