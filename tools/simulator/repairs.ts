/** `npm run repair` for orders whose sagas were given up: the product's own plan, on the models' rows. */
import { type Finding, isTerminal, wrongOrder } from '../../ops/audit/invariants';
import type { OrderFacts } from '../../ops/audit/rows';
import { cancelSagaWorkflowId } from '../../domain/names';
import { planRepairs, type Repair } from '../../ops/repair/repair-plan';
import type { Action } from './action';
import { COVERAGE, factsOf } from './model-facts';
import { placementOf, simulatedCancellation, simulatedSaga } from './scenario';
import type { World } from './world';

/** None while something is not committed: it looks at what is. */
export function possibleRepairs(world: World): Action[] {
  const { givenUp, terminated } = world.observations;
  if (
    givenUp.size + terminated.size === 0 ||
    [...world.calls].some(({ state }) => state === 'in its transaction')
  )
    return [];
  const facts = factsOf(world).filter(({ id }) => givenUp.has(id) || terminated.has(id));
  const findings = facts.flatMap((each) => findingsAbout(each, world));
  const { repairs } = planRepairs(findings, new Map(facts.map((each) => [each.id, each])));
  return repairs.flatMap((repair) => (repair.kind === 'view' ? [] : [actionOf(repair)]));
}

/** Findings that no running saga will settle. */
function findingsAbout(facts: OrderFacts, { sagas }: World): Finding[] {
  const { id, order } = facts;
  const runs = (sagaId: string) => sagas.has(sagaId) && sagas.get(sagaId)?.outcome === undefined;
  const cancels = cancelSagaWorkflowId(id);
  const driven = order !== undefined && (runs(order.sagaId) || runs(cancels));
  const findings = wrongOrder(facts, COVERAGE).filter(({ settledBy }) => settledBy === undefined || !driven);
  if (!order || isTerminal(order) || runs(order.state === 'CANCELLING' ? cancels : order.sagaId))
    return findings;
  return [
    ...findings,
    { invariant: 'saga', subject: id, words: `${order.state}, and its saga does not run` },
  ];
}

function actionOf(repair: Exclude<Repair, { kind: 'view' }>): Action {
  if (repair.kind === 'cancel')
    return {
      words: () => `a repair reruns ${cancelSagaWorkflowId(repair.order.orderId)}`,
      happen: async (world) => {
        const input = simulatedCancellation(repair.order, world.scenario);
        await world.startCancelSaga(input, 'always');
      },
    };
  const { sagaId, orders } = repair;
  return {
    words: () => `a repair reruns ${sagaId} for ${orders.map(({ orderId }) => orderId).join(', ')}`,
    happen: async (world) => {
      const input = simulatedSaga(orders, placementOf(world.scenario));
      await world.start(sagaId, world.workflows.createOrderSaga, input, 'always');
    },
  };
}
