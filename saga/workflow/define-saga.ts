/** The declaration of a saga: one async function for one subject. */
import type { SagaDefinition, SagaFunction, SagaWorkflow } from './definition';
import { runSaga } from './saga-run';

/**
 * Makes a workflow of a saga's function. Export it under its workflow type's name.
 *
 * @returns a workflow that carries 1 to 50 subjects. It ends with an outcome for each, and fails with `SagaFailed`,
 *   naming each failed subject, when one was given up or met a bug; the others have ended properly before that
 * @example
 * export const shipOrder = defineSaga<Order, Shipped, NoSettings>(
 *   { taskQueue: 'shipping', subject: (order) => order.orderId, describe: (shipped) => shipped.state },
 *   async (order, saga) => {
 *     await saga.step(createParcel, order, { undo: () => saga.step(dropParcel, order) });
 *     const stock = await saga.step(takeStock, order, { undo: () => saga.step(returnStock, order), deadlineMs: 30_000 });
 *     if (stock.outcome !== 'taken') return saga.unwind({ state: 'REFUSED' });
 *     saga.commit();
 *     await saga.step(sendParcel, order);
 *     return { state: 'SENT' };
 *   },
 * );
 */
export function defineSaga<Subject, Outcome, Settings>(
  definition: SagaDefinition<Subject, Outcome, Settings>,
  run: SagaFunction<Subject, Outcome, Settings>,
): SagaWorkflow<Subject, Outcome, Settings> {
  return (input) => runSaga(definition, run, input);
}
