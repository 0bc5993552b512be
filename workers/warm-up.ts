/** What a process does before it takes its first task: where one is restarted, sagas are waiting for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CreditSteps, OrderSteps } from '../domain/contracts';

/** 2 s: it takes 0.3 s, and longer where others start as well. A database that is away must not keep the other's steps waiting. */
const WARM_WITHIN_MS = 2_000;

type Step = (OrderSteps & CreditSteps)[keyof OrderSteps | keyof CreditSteps];

/**
 * Asks every step for no orders, which changes nothing: connections are opened, and each statement is compiled here and
 * planned by Postgres. A process's first order took 385 ms without, and 110 ms with it, on two cores that were idle.
 * What fails here fails again, and is told, at the first step that is asked for.
 *
 * @param withinMs milliseconds
 */
export async function warmUp(steps: readonly Step[], withinMs = WARM_WITHIN_MS): Promise<void> {
  const asked = Promise.allSettled(steps.map((step) => step({ sagaId: 'warm-up', orders: [] })));
  await Promise.race([asked, sleep(withinMs, undefined, { ref: false })]);
}
