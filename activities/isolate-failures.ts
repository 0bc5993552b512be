/** One order's trouble stays that order's: no neighbour in the list waits for it or fails with it. */
import type { Busy } from '../domain/contracts';
import { statementTrouble, stepFailure } from './failures';

interface Ordered {
  readonly orderId: string;
}

/**
 * @param onCommit told after each step that has committed
 * @returns {@link forEachOrder}, telling
 */
export function stepRunner(onCommit: (() => void) | undefined): typeof forEachOrder {
  return async (step, orders, statement) => {
    const results = await forEachOrder(step, orders, statement);
    onCommit?.();
    return results;
  };
}

/**
 * Runs a step's statement over the list. When the statement fails because of one of its orders, each runs
 * alone, and the one that fails again is answered as busy: its saga asks for it again, by itself.
 *
 * @throws ApplicationFailure retryable `DatabaseAway`, or a final `ConstraintViolated` or `StatementRefused`
 */
async function forEachOrder<Item extends Ordered, Result>(
  step: string,
  orders: readonly Item[],
  statement: (orders: readonly Item[]) => Promise<Result[]>,
): Promise<(Result | Busy)[]> {
  try {
    return await statement(orders);
  } catch (error) {
    const trouble = statementTrouble(error);
    if (trouble === 'bug' || trouble === 'away') throw stepFailure(step, error);
    const [only, ...others] = orders;
    if (only && others.length === 0) {
      if (trouble === 'integrity') throw stepFailure(step, error);
      return [{ orderId: only.orderId, outcome: 'busy' }];
    }
  }
  const results: (Result | Busy)[] = [];
  for (const order of orders) results.push(...(await alone(step, order, statement)));
  return results;
}

async function alone<Item extends Ordered, Result>(
  step: string,
  order: Item,
  statement: (orders: readonly Item[]) => Promise<Result[]>,
): Promise<(Result | Busy)[]> {
  try {
    return await statement([order]);
  } catch (error) {
    const trouble = statementTrouble(error);
    if (trouble === 'locked' || trouble === 'integrity') return [{ orderId: order.orderId, outcome: 'busy' }];
    throw stepFailure(step, error);
  }
}
