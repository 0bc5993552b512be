/** The laws of every saga: a jest suite for any saga that is defined with the engine. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Law, onEachPath } from './law';
import { cancelled, final, parked, retried, takesItsPath } from './laws-of-failures';
import { groupCommit, nobodyWaits } from './laws-of-groups';
import { leavingTheFastPath, onTheFastPath } from './laws-of-the-fast-path';
import { bounded } from './laws-of-long-waits';
import { mixedGroups } from './laws-of-mixed-groups';
import { concurrent, guarded, idempotent } from './laws-of-steps';
import type { AnySaga, SagaUnderTest, Steps } from './saga-under-test';
import { SagaRuns } from './saga-runs';
import { byName } from './tampering';

export type { Path, SagaUnderTest, Traces } from './saga-under-test';

const LAWS: readonly Law[] = [
  ...[takesItsPath, idempotent, concurrent, guarded, retried, parked, final, cancelled].map(onEachPath),
  ...[groupCommit, nobodyWaits, bounded, onTheFastPath, leavingTheFastPath].map(onEachPath),
  mixedGroups,
];

/** 3 minutes: a law runs dozens of sagas, and each may take a minute. */
const LAW_WITHIN_MS = 180_000;

/**
 * Declares a jest test for each law. Each test runs the saga on all of its paths, with its real steps and stores, and
 * replays the history of every run against the same workflow code.
 *
 * @param saga the saga, its steps and its paths. Its functions are called after the test file's own `beforeAll`
 * @example
 * sagaLaws<Booking, SeatSteps & PaymentSteps, Settings>({
 *   saga: 'bookSeat',
 *   taskQueues: ['seats', 'payments'],
 *   workflows: () => ({ workflowsPath: require.resolve('../sagas/book-seat') }),
 *   temporal: () => ({ address: 'localhost:7233', namespace: 'default' }),
 *   activities: () => ({ ...seatSteps(seatsDb), ...paymentSteps(paymentsDb) }),
 *   settings: { paymentTimeoutMs: 20_000 },
 *   run: bookSeat.run,
 *   id: ({ bookingId }) => bookingId,
 *   traces: async ({ bookingId }) => ({ rows: await statesOf(bookingId), transitions: await eventsOf(bookingId) }),
 *   mayFail: ['takePayments'],
 *   otherContent: { holdSeats: { with: { price: 7 } }, takePayments: { with: { price: 7 } } },
 *   paths: {
 *     'the price can be paid': {
 *       subject: async () => ({ bookingId: randomUUID(), price: 50 }),
 *       steps: ['holdSeats', 'takePayments', 'confirmSeats'],
 *       outcome: { state: 'BOOKED' },
 *       ends: { rows: { seat: 'CONFIRMED', payment: 'PAID' }, transitions: ['HELD', 'CONFIRMED', 'PAID'] },
 *     },
 *     // and a path for each refusal, and for each failure of a step with a deadline
 *   },
 * });
 */
export function sagaLaws<Subject, Activities extends Steps<Activities>, Settings>(
  saga: SagaUnderTest<Subject, Activities, Settings>,
): void {
  const known: AnySaga<Subject, Settings> = { ...saga, activities: () => byName(saga.activities()) };
  const runs = new SagaRuns(known);

  describe(`${saga.saga}, ${saga.placement ?? 'colocated'}`, () => {
    beforeAll(() => runs.start(), LAW_WITHIN_MS);
    afterAll(() => runs.stop(), LAW_WITHIN_MS);

    test.each(LAWS)(
      '$words',
      async (law) => {
        await law.holds({ saga: known, runs });
        expect(await runs.notReplayed()).toEqual([]);
      },
      LAW_WITHIN_MS,
    );

    test('each step has answered, and each step with a deadline has a path on which it fails, at both moments', () => {
      expect([...runs.seen]).toEqual(expect.arrayContaining(Object.keys(known.activities())));
      const failing = Object.values(known.paths).flatMap(({ fails }) =>
        fails?.how === 'permanently' ? [`${fails.step} ${fails.moment}`] : [],
      );
      const wanted = known.mayFail.flatMap((step) => [
        `${step} before its statement`,
        `${step} after its commit`,
      ]);
      expect(failing).toEqual(expect.arrayContaining(wanted));
    });
  });
}
