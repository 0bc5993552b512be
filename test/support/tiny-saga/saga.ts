/** Books a seat and has it paid: a saga over two services, each with a database of its own. */
import { defineSaga, defineService, defineStep } from '../../../saga/workflow';
import type { Booking, PaymentSteps, SeatSteps } from './steps';

export interface Settings {
  readonly paymentTimeoutMs: number;
}

const seats = defineService<SeatSteps>({ taskQueue: 'seats', key: 'bookingId' });
const holdSeat = defineStep(seats, 'holdSeats', { words: 'hold the seat', straight: 'HELD' });
const confirmSeat = defineStep(seats, 'confirmSeats', { words: 'confirm the seat', straight: 'CONFIRMED' });
const releaseSeat = defineStep(seats, 'releaseSeats', { words: 'release the seat' });
const payments = defineService<PaymentSteps>({ taskQueue: 'payments', key: 'bookingId' });
const takePayment = defineStep(payments, 'takePayments', { words: 'take the payment', straight: 'PAID' });
const refundPayment = defineStep(payments, 'refundPayments', { words: 'refund the payment' });

export const bookSeat = defineSaga<Booking, { readonly state: string }, Settings>(
  { taskQueue: 'seats', subject: ({ bookingId }) => bookingId, describe: ({ state }) => state },
  async (booking, saga) => {
    const seat = await saga.step(holdSeat, booking, { undo: () => saga.step(releaseSeat, booking) });
    if (seat.outcome === 'conflict') return { state: 'CONFLICT' };
    const payment = await saga.step(takePayment, booking, {
      undo: () => saga.step(refundPayment, booking),
      deadlineMs: saga.settings.paymentTimeoutMs,
    });
    if (payment.outcome !== 'PAID') return saga.unwind({ state: 'REFUSED' }); // also without an answer in time
    saga.commit(); // the pivot: from here only forward
    await saga.step(confirmSeat, booking);
    return { state: 'BOOKED' };
  },
);
