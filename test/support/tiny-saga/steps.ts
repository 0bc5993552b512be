/** The steps of the tiny saga: each is one statement on a table of its service, for a list of bookings. */
import type { Pool } from 'pg';
import type { StepRequest } from '../../../saga/contract';

export interface Booking {
  readonly bookingId: string;
  readonly price: number;
}

/** A state of the booking's row, `busy` or `conflict`. */
type Step = (request: StepRequest<Booking>) => Promise<{ bookingId: string; outcome: string }[]>;
export type SeatSteps = Record<'holdSeats' | 'confirmSeats' | 'releaseSeats', Step>;
export type PaymentSteps = Record<'takePayments' | 'refundPayments', Step>;

const HIGHEST_PRICE = 100;

export function seatSteps(db: Pool): SeatSteps {
  return {
    holdSeats: stepTo(db, 'seats', () => 'HELD'),
    confirmSeats: stepTo(db, 'seats', () => 'CONFIRMED', 'HELD'),
    releaseSeats: stepTo(db, 'seats', () => 'RELEASED', 'HELD'),
  };
}

export function paymentSteps(db: Pool): PaymentSteps {
  return {
    takePayments: stepTo(db, 'payments', ({ price }) => (price > HIGHEST_PRICE ? 'REFUSED' : 'PAID')),
    refundPayments: stepTo(db, 'payments', () => 'REFUNDED', 'PAID'),
  };
}

export const tableOf = (name: string): string =>
  `CREATE TABLE ${name} (id text PRIMARY KEY, price integer NOT NULL, state text NOT NULL, history text[] NOT NULL)`;

/** Adds a booking's row in the new state, or moves it there if it is in the old one; otherwise it stays as it is. */
function stepTo(db: Pool, table: string, to: (booking: Booking) => string, from = 'none'): Step {
  const statement = `
    WITH asked AS (SELECT * FROM unnest($1::text[], $2::integer[], $3::text[]) AS a (id, price, state)),
    added AS (
      INSERT INTO ${table} SELECT id, price, state, ARRAY[state] FROM asked ORDER BY id ON CONFLICT DO NOTHING RETURNING id),
    free AS (SELECT * FROM ${table} WHERE id = ANY ($1) ORDER BY id FOR UPDATE SKIP LOCKED),
    moved AS (
      UPDATE ${table} t SET state = a.state, history = t.history || a.state FROM free f JOIN asked a USING (id)
      WHERE t.id = f.id AND f.state = $4 AND f.price = a.price RETURNING t.id)
    SELECT id AS "bookingId", CASE
      WHEN id IN (TABLE added UNION ALL TABLE moved) THEN a.state
      WHEN f.id IS NULL THEN 'busy' WHEN f.price <> a.price THEN 'conflict' ELSE f.state END AS outcome
    FROM asked a LEFT JOIN free f USING (id)`;
  return async ({ items }) => {
    const columns = [items.map(({ bookingId }) => bookingId), items.map(({ price }) => price), items.map(to)];
    return (await db.query<{ bookingId: string; outcome: string }>(statement, [...columns, from])).rows;
  };
}
