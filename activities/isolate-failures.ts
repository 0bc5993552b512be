/** Isolates the failure of one order: the other orders of the list neither wait for it nor fail with it. */
import type { Busy } from '../domain/contracts';
import { classifyFailure, stepFailure } from './failures';

interface Ordered {
  readonly orderId: string;
}

/** Returns {@link forEachOrder} that calls `onCommit` after each step that has committed. */
export function stepRunner(onCommit: (() => void) | undefined): typeof forEachOrder {
  return async (step, orders, statement) => {
    const results = await forEachOrder(step, orders, statement);
    onCommit?.();
    return results;
  };
}

/**
 * Runs a step's statement for all orders at once. When one of the orders makes it fail, runs it for each order alone.
 * An order that fails again gets `busy`: its saga retries it separately.
 *
 * @throws ApplicationFailure `DatabaseAway`, retryable; `ConstraintViolated` or `StatementRefused`, not retryable
 */
async function forEachOrder<Item extends Ordered, Result>(
  step: string,
  orders: readonly Item[],
  statement: (orders: readonly Item[]) => Promise<Result[]>,
): Promise<(Result | Busy)[]> {
  try {
    return await statement(orders);
  } catch (error) {
    const failure = classifyFailure(error);
    if (failure === 'bug' || failure === 'unavailable') throw stepFailure(step, error);
    const [only, ...others] = orders;
    if (only && others.length === 0) {
      if (failure === 'integrity') throw stepFailure(step, error);
      return [{ orderId: only.orderId, outcome: 'busy' }];
    }
  }
  const results: (Result | Busy)[] = [];
  for (const order of orders) results.push(...(await runAlone(step, order, statement)));
  return results;
}

async function runAlone<Item extends Ordered, Result>(
  step: string,
  order: Item,
  statement: (orders: readonly Item[]) => Promise<Result[]>,
): Promise<(Result | Busy)[]> {
  try {
    return await statement([order]);
  } catch (error) {
    const failure = classifyFailure(error);
    if (failure === 'locked' || failure === 'integrity') return [{ orderId: order.orderId, outcome: 'busy' }];
    throw stepFailure(step, error);
  }
}
