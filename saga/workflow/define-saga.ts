/** The declaration of a saga: one async function for one subject. */
import type { DefinedSaga, SagaDefinition, SagaFunction, SagaWorkflow } from './definition';
import { runSaga } from './saga-run';

/**
 * Turns a saga's function into a workflow. Export it under the name of its workflow type.
 *
 * @param definition the saga's task queue, how to read subjects and outcomes, and what a cancellation does
 * @param run the saga for one subject. A refusal is an outcome; for a bug it throws `sagaFailure`
 * @returns a workflow that carries 1 to 50 subjects. It completes with one outcome for each subject. It fails with
 *   `SagaFailed` when a subject's step was given up or a subject met a bug, after all other subjects have ended; the
 *   message names each failed subject
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
): DefinedSaga<Subject, Outcome, Settings> {
  const workflow: SagaWorkflow<Subject, Outcome, Settings> = (input) => runSaga(definition, run, input);
  return Object.assign(workflow, { run });
}
