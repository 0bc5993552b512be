/** What can be left out of a scenario. */
import { AS_IN_THE_PRODUCT, idOf, type Scenario } from './scenario';

/** Each leaves out one thing; what makes the counterexample shortest comes first. */
export function* shrinkCandidates(scenario: Scenario): Generator<Scenario> {
  const { sagas, wishes, faults, operator, relayTurns, continuesAfter, fastPath, localAttempts } = scenario;
  for (const left of sagas)
    if (sagas.length > 1) yield keep({ ...scenario, sagas: sagas.filter((saga) => saga !== left) });
  const orderIds = new Set(sagas.flatMap(({ subjects }) => subjects.map(({ orderId }) => orderId)));
  for (const left of orderIds) {
    const fewer = sagas
      .map((saga) => ({ ...saga, subjects: saga.subjects.filter(({ orderId }) => orderId !== left) }))
      .filter(({ subjects }) => subjects.length > 0);
    const distinct = fewer.filter(
      (saga, index) => fewer.findIndex((other) => idOf(other) === idOf(saga)) === index,
    );
    if (distinct.length > 0) yield keep({ ...scenario, sagas: distinct });
  }
  if (faults > 0) yield { ...scenario, faults: faults - 1 };
  for (const left of wishes) yield { ...scenario, wishes: wishes.filter((wish) => wish !== left) };
  if (operator) yield { ...scenario, operator: false };
  if (fastPath) yield { ...scenario, fastPath: false };
  if (relayTurns > 0) yield { ...scenario, relayTurns: relayTurns - 1 };
  if (continuesAfter < AS_IN_THE_PRODUCT.continuesAfter)
    yield { ...scenario, continuesAfter: AS_IN_THE_PRODUCT.continuesAfter };
  if (localAttempts < AS_IN_THE_PRODUCT.localAttempts)
    yield { ...scenario, localAttempts: AS_IN_THE_PRODUCT.localAttempts };
  if (sagas.some(({ placement }) => placement === 'distributed'))
    yield { ...scenario, sagas: sagas.map((saga) => ({ ...saga, placement: 'colocated' })) };
}

/** Without wishes about orders that are not there any more. */
function keep(scenario: Scenario): Scenario {
  const orders = new Set(scenario.sagas.flatMap(({ subjects }) => subjects.map(({ orderId }) => orderId)));
  return { ...scenario, wishes: scenario.wishes.filter(({ orderId }) => orders.has(orderId)) };
}
