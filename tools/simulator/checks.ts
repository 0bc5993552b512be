/**
 * The checks of the model: the product's own invariants (ops/audit/invariants.ts), and checks that need a
 * model.
 */
import { type Finding, INVARIANTS, isTerminal, wrongCustomer, wrongOrder } from '../../ops/audit/invariants';
import { wrongCancellations, wrongPromises, wrongReleases } from './cancellation-checks';
import { COVERAGE, factsOf, heldBy, NO_EVENTS } from './model-facts';
import { wrongGivenUpSteps } from './given-up-checks';
import { isGivenUp } from './operator';
import type { OutboxEvent } from './outbox';
import { wrongReasons } from './reason-checks';
import { wrongResults } from './result-checks';
import type { World } from './world';

/** Of one run: what the engine promises. */
const MOST_EVENTS = 500;

/** What holds at every moment. */
export function wrongNow(world: World): string[] {
  return [
    ...wrongCredit(world),
    ...wrongPromises(world),
    ...wrongReleases(world),
    ...wrongRuns(world),
    ...world.violations,
  ];
}

/** A run stays short, and its memo shows what is parked whenever its task is completed. */
function wrongRuns(world: World): string[] {
  const wrong: string[] = [];
  for (const { sagaId, longest, outcome, isBusy, waiting, memo } of world.sagas.values()) {
    if (longest > MOST_EVENTS) wrong.push(`${sagaId} has ${String(longest)} events in one run`);
    if (waiting.decided && outcome && 'result' in outcome)
      wrong.push(`${sagaId} had a step given up, and completed`);
    if (!outcome && !isBusy)
      wrong.push(...waiting.wrongMemo(memo), ...waiting.unwatched(), ...waiting.postponed(world.nowMs));
  }
  return wrong;
}

/** Invariant 1. */
function wrongCredit({ customers }: World): string[] {
  const wrong: string[] = [];
  const reservations = customers.reservations.all();
  for (const { customerId, limitMinor, reservedMinor } of customers.customers.all()) {
    let held = 0;
    for (const reservation of reservations)
      if (reservation.status === 'RESERVED' && reservation.customerId === customerId)
        held += reservation.totalMinor;
    if (reservedMinor < 0 || reservedMinor > limitMinor)
      wrong.push(
        `${INVARIANTS.credit}: ${customerId} has reserved ${String(reservedMinor)} of ${String(limitMinor)}`,
      );
    if (reservedMinor !== held)
      wrong.push(
        `${INVARIANTS.credit}: ${customerId} has reserved ${String(reservedMinor)}, its reservations are ${String(held)}`,
      );
  }
  return wrong;
}

/** When nothing is under way any more, and the relays have had their turns. */
export function wrongAtTheEnd(world: World): string[] {
  const facts = factsOf(world);
  const words = ({ invariant, subject, words: what }: Finding) =>
    `${INVARIANTS[invariant]}: ${subject}: ${what}`;
  const customers = world.customers.customers
    .all()
    .flatMap(({ customerId, limitMinor, reservedMinor, currency }) =>
      wrongCustomer(
        {
          id: customerId,
          customer: {
            version: 1,
            limitMinor: BigInt(limitMinor),
            currency,
            reservedMinor: BigInt(reservedMinor),
          },
          customerEvents: NO_EVENTS,
          heldMinor: heldBy(customerId, facts),
          view: undefined,
          viewBehind: false,
        },
        COVERAGE,
      ),
    );
  return [
    ...[...customers, ...facts.flatMap((each) => wrongOrder(each, COVERAGE))].map(words),
    ...facts.flatMap(({ id, order }) =>
      order && !isTerminal(order) ? [`${INVARIANTS.terminal}: ${id} is still ${order.state}`] : [],
    ),
    ...wrongSagas(world),
    ...wrongCancellations(world),
    ...wrongReasons(world),
    ...wrongResults(world),
    ...wrongGivenUpSteps(world),
    ...[world.orders.outbox, world.customers.outbox].flatMap(({ events }) => wrongFeed(events)),
  ];
}

function wrongSagas({ sagas, observations }: World): string[] {
  return [...sagas.values()].flatMap(({ sagaId, outcome }) => {
    if (!outcome) return [`${INVARIANTS.saga}: ${sagaId} is stuck: it runs, and waits for nothing`];
    if ('result' in outcome) return [];
    const { failure } = outcome;
    if (isGivenUp(failure) || observations.refused.has(sagaId)) return [];
    return [`${sagaId} failed: ${failure instanceof Error ? failure.message : String(failure)}`];
  });
}

/** A consumer of the feed gets every event, and those of each subject in order. */
function wrongFeed(events: readonly OutboxEvent[]): string[] {
  const skipped = events.filter(({ position }) => position === undefined);
  const last = new Map<string, number>();
  const published = events.filter(({ position }) => position !== undefined);
  published.sort((one, other) => (one.position ?? 0) - (other.position ?? 0));
  const disordered = published.filter(({ aggregateId, sequence }) => {
    const before = last.get(aggregateId) ?? 0;
    last.set(aggregateId, sequence);
    return sequence <= before;
  });
  return [
    ...skipped.map(({ type, aggregateId }) => `the relay skips ${type} of ${aggregateId}`),
    ...disordered.map(
      ({ type, aggregateId }) => `${type} of ${aggregateId} is published after a later event`,
    ),
  ];
}
