/** Books a seat and has it paid: a saga over two services, each with a database of its own. */
import { defineSaga, defineService, defineStep } from '../../../saga/workflow';
import type { PaymentSteps, SeatSteps } from './steps';

export interface Booking {
  readonly bookingId: string;
  readonly price: number;
}

const seats = defineService<SeatSteps>({ taskQueue: 'seats', key: 'bookingId' });
const holdSeat = defineStep(seats, 'holdSeats', { words: 'hold the seat' });
const releaseSeat = defineStep(seats, 'releaseSeats', { words: 'release the seat' });
const confirmSeat = defineStep(seats, 'confirmSeats', { words: 'confirm the seat' });
const payments = defineService<PaymentSteps>({ taskQueue: 'payments', key: 'bookingId' });
const takePayment = defineStep(payments, 'takePayments', { words: 'take the payment' });
const refundPayment = defineStep(payments, 'refundPayments', { words: 'refund the payment' });

export const bookSeat = defineSaga<
  Booking,
  { readonly state: string },
  { readonly paymentTimeoutMs: number }
>({ subject: ({ bookingId }) => bookingId, describe: ({ state }) => state }, async (booking, saga) => {
  const held = await saga.step(holdSeat, booking, { undo: () => saga.step(releaseSeat, booking) });
  if (held.outcome === 'conflict') return { state: 'CONFLICT' };
  const paid = await saga.step(takePayment, booking, {
    undo: () => saga.step(refundPayment, booking),
    deadlineMs: saga.settings.paymentTimeoutMs,
  });
  if (paid.outcome !== 'PAID') return saga.unwind({ state: 'REFUSED' });
  saga.commit();
  const { outcome } = await saga.step(confirmSeat, booking);
  return { state: outcome };
});
