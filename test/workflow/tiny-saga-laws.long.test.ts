/** The laws hold for a saga that shares nothing with orders: the engine is general. */
import { randomUUID } from 'node:crypto';
import { sagaLaws } from '../../saga/testing';
import { bookSeat, type Settings } from '../support/tiny-saga/saga';
import type { Booking } from '../support/tiny-saga/steps';
import { testServers } from '../support/servers';
import type { PaymentSteps, SeatSteps } from '../support/tiny-saga/steps';
import { TinyStores } from '../support/tiny-saga/stores';

const stores = new TinyStores();

const booking = (price: number) => () => Promise.resolve({ bookingId: randomUUID(), price });
const ofOtherPrice = { with: { price: 7 } };
const UNWOUND = ['holdSeats', 'takePayments', 'refundPayments', 'releaseSeats'] as const;
const REFUNDED = { seat: 'RELEASED', payment: 'REFUNDED' };

sagaLaws<Booking, SeatSteps & PaymentSteps, Settings>({
  saga: 'bookSeat',
  taskQueues: ['seats', 'payments'],
  placement: 'distributed',
  workflows: () => ({ workflowsPath: require.resolve('../support/tiny-saga/saga') }),
  temporal: () => testServers().temporal,
  activities: () => stores.steps,
  settings: { paymentTimeoutMs: 20_000 },
  run: bookSeat.run,
  id: ({ bookingId }) => bookingId,
  traces: (one) => stores.traces(one),
  mayFail: ['takePayments'],
  otherContent: {
    holdSeats: ofOtherPrice,
    confirmSeats: ofOtherPrice,
    releaseSeats: ofOtherPrice,
    takePayments: ofOtherPrice,
    refundPayments: ofOtherPrice,
  },
  paths: {
    'the price can be paid': {
      subject: booking(50),
      steps: ['holdSeats', 'takePayments', 'confirmSeats'],
      outcome: { state: 'BOOKED' },
      ends: { rows: { seat: 'CONFIRMED', payment: 'PAID' }, transitions: ['HELD', 'CONFIRMED', 'PAID'] },
    },
    'the price is too high': {
      subject: booking(500),
      steps: UNWOUND,
      outcome: { state: 'REFUSED' },
      ends: { rows: { seat: 'RELEASED', payment: 'REFUSED' }, transitions: ['HELD', 'RELEASED', 'REFUSED'] },
    },
    'the payment fails before its statement': {
      subject: booking(50),
      fails: { step: 'takePayments', moment: 'before its statement', how: 'permanently' },
      steps: UNWOUND,
      outcome: { state: 'REFUSED' },
      ends: { rows: REFUNDED, transitions: ['HELD', 'RELEASED', 'REFUNDED'] },
    },
    'the payment fails after its commit': {
      subject: booking(50),
      fails: { step: 'takePayments', moment: 'after its commit', how: 'permanently' },
      steps: UNWOUND,
      outcome: { state: 'REFUSED' },
      ends: { rows: REFUNDED, transitions: ['HELD', 'RELEASED', 'PAID', 'REFUNDED'] },
    },
    'the payment comes too late': {
      subject: booking(50),
      // On a busy machine, the first attempt must have been made by then.
      settings: { paymentTimeoutMs: 2_000 },
      fails: { step: 'takePayments', moment: 'after its commit', how: 'until its deadline' },
      steps: UNWOUND,
      outcome: { state: 'REFUSED' },
      ends: { rows: REFUNDED, transitions: ['HELD', 'RELEASED', 'PAID', 'REFUNDED'] },
    },
    'its id is that of another booking': {
      subject: async (sagaId) => {
        const other = await booking(50)();
        await stores.steps.holdSeats({ sagaId, items: [other] });
        return { ...other, price: 60 };
      },
      steps: ['holdSeats'],
      outcome: { state: 'CONFLICT' },
      ends: { rows: { seat: 'HELD', payment: undefined }, transitions: ['HELD'] },
    },
  },
});
