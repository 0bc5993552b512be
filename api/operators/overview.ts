/** The state of the order service for operators. What /metrics and /readyz measure is read from them. */
import type { Client } from '@temporalio/client';
import { CANCEL_ORDER_SAGA, CREATE_ORDER_SAGA } from '../../domain/names';
import type { Metrics } from '../../platform/metrics';
import type { OrderDatabase } from '../../prisma/order/client';
import { withTimeout } from '../../saga/host/with-timeout';
import type { Readiness } from '../operations/health';
import { CHECK_TIMEOUT_MS, sharedCheck } from '../operations/shared-check';
import { limitsOf } from './limit-use';
import type { Overview } from './overview-json';
import { readDecidedPerMinute, readDecision, readOpen, readOutcomes } from './overview-orders';

export interface OverviewDependencies {
  /** For lists. */
  readonly reads: OrderDatabase;
  readonly client: Client;
  readonly metrics: Metrics;
  readonly ready: Readiness;
}

/** 10 s: the outcomes of a day may be a million rows of an index, and change slowly. */
const OUTCOMES_SHARED_MS = 10_000;

const RUNNING = `WorkflowType IN ('${CREATE_ORDER_SAGA}', '${CANCEL_ORDER_SAGA}') AND ExecutionStatus = 'Running'`;

/** @returns a function that reads the overview. It never rejects: a source that fails, or takes longer than 2 s, is missing */
export function overviewReader({
  reads,
  client,
  metrics,
  ready,
}: OverviewDependencies): (warn: (error: unknown, message: string) => void) => Promise<Overview> {
  const outcomesOf = sharedCheck(() => readOutcomes(reads), { sharedMs: OUTCOMES_SHARED_MS });
  const orders = sharedCheck(async () => {
    const [openByState, decidedPerMinute, outcomes] = await Promise.all([
      readOpen(reads),
      readDecidedPerMinute(reads),
      outcomesOf(),
    ]);
    return { openByState, decidedPerMinute, outcomes };
  });
  const decision = sharedCheck(() => readDecision(reads));
  const running = sharedCheck(async () => (await client.workflow.count(RUNNING)).count);

  return async (warn) => {
    const unavailable = new Set<string>();
    /** @param source is listed when it does not answer */
    const from = async <T>(source: string, read: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await withTimeout(read(), CHECK_TIMEOUT_MS, source);
      } catch (error) {
        warn(error, `the overview lacks what ${source} tells`);
        unavailable.add(source);
        return undefined;
      }
    };
    const [report, ordersNow, decisionNow, groups, sagas, outbox, projection, limits] = await Promise.all([
      from('readiness', ready),
      from('orderDatabase', orders),
      from('orderDatabase', decision),
      from('groups', () => groupsOf(metrics)),
      from('temporal', async () => ({
        parked: (await valueOf(metrics, 'sagas_needing_attention')) ?? 0,
        running: await running(),
      })),
      from('outbox', () => outboxOf(metrics)),
      from('orderHistory', () => projectionOf(metrics)),
      from('limits', () => limitsOf(metrics)),
    ]);
    for (const [name, check] of Object.entries(report?.checks ?? {}))
      if (check !== 'ok') unavailable.add(name);
    return {
      at: new Date().toISOString(),
      ...(ordersNow && { orders: ordersNow }),
      ...(decisionNow && { decision: decisionNow }),
      ...(groups && { groups }),
      ...(sagas && { sagas }),
      ...(outbox && { outbox }),
      ...(projection && { projection }),
      limits: limits ?? [],
      unavailable: [...unavailable].sort(),
    };
  };
}

/** Of a gauge without labels; undefined when it has no reading. */
async function valueOf(metrics: Metrics, gauge: string): Promise<number | undefined> {
  return (await metrics.read(gauge))?.[0]?.value;
}

async function groupsOf(metrics: Metrics): Promise<Overview['groups']> {
  const [underWay = 0, limit = 0, waiting = 0] = await Promise.all([
    valueOf(metrics, 'saga_groups_under_way'),
    valueOf(metrics, 'saga_groups_under_way_limit'),
    valueOf(metrics, 'orders_waiting_for_group'),
  ]);
  return { underWay, limit, waiting };
}

async function outboxOf(metrics: Metrics): Promise<Overview['outbox']> {
  const [oldest = [], events = []] = await Promise.all([
    metrics.read('outbox_unpublished_oldest_seconds'),
    metrics.read('outbox_unpublished_events'),
  ]);
  return {
    relayLagMs: Math.round(Math.max(0, ...oldest.map(({ value }) => value)) * 1_000),
    unpublished: Object.fromEntries(events.map(({ value, labels }) => [labels?.['service'] ?? '', value])),
  };
}

/** @returns undefined when this process does not run the order history */
async function projectionOf(metrics: Metrics): Promise<Overview['projection'] | undefined> {
  const lag = await metrics.read('order_history_lag_seconds');
  if (!lag) return undefined;
  const seconds = lag[0]?.value;
  return { lagMs: seconds === undefined ? null : Math.round(seconds * 1_000) };
}
