/** The laws hold for a saga that shares nothing with orders: the engine is general. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { Pool } from 'pg';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { sagaLaws, type Traces } from '../../saga/testing';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { testServers } from '../support/servers';
import type { Booking } from '../support/tiny-saga/saga';
import {
  paymentSteps,
  type PaymentSteps,
  seatSteps,
  type SeatSteps,
  tableOf,
} from '../support/tiny-saga/steps';

let databases: TestDatabases;
let seats: Pool;
let payments: Pool;

beforeAll(async () => {
  installTemporalRuntime(createLogger('silent'));
  databases = await createTestDatabases();
  seats = new Pool({ connectionString: databases.adminOrderUrl });
  payments = new Pool({ connectionString: databases.adminCustomerUrl });
  await seats.query(tableOf('seats'));
  await payments.query(tableOf('payments'));
});
afterAll(async () => {
  await Promise.all([seats.end(), payments.end()]);
  await databases.drop();
});

async function traces({ bookingId }: Booking): Promise<Traces> {
  const [seat, payment] = await Promise.all([
    rowOf(seats, 'seats', bookingId),
    rowOf(payments, 'payments', bookingId),
  ]);
  return {
    rows: { seat: seat?.state, payment: payment?.state },
    transitions: [...(seat?.history ?? []), ...(payment?.history ?? [])],
  };
}

async function rowOf(db: Pool, table: string, id: string) {
  const { rows } = await db.query<{ state: string; history: string[] }>(
    `SELECT * FROM ${table} WHERE id = $1`,
    [id],
  );
  return rows[0];
}

const booking = (price: number) => (): Promise<Booking> =>
  Promise.resolve({ bookingId: randomUUID(), price });
const UNWOUND = { seat: 'RELEASED', payment: 'REFUNDED' };

sagaLaws<Booking, SeatSteps & PaymentSteps, { readonly paymentTimeoutMs: number }>({
  saga: 'bookSeat',
  taskQueues: ['seats', 'payments'],
  workflows: () => ({ workflowsPath: path.resolve(__dirname, '../support/tiny-saga/saga.ts') }),
  temporal: () => testServers().temporal,
  activities: () => ({ ...seatSteps(seats), ...paymentSteps(payments) }),
  placement: 'distributed',
  settings: { paymentTimeoutMs: 20_000 },
  id: ({ bookingId }) => bookingId,
  traces,
  mayFail: ['takePayments'],
  otherContent: {
    holdSeats: { with: { price: 7 } },
    confirmSeats: { with: { price: 7 } },
    releaseSeats: { with: { price: 7 } },
    takePayments: { with: { price: 7 } },
    refundPayments: { with: { price: 7 } },
  },
  paths: {
    'the price can be paid': {
      subject: booking(50),
      steps: ['holdSeats', 'takePayments', 'confirmSeats'],
      outcome: { state: 'CONFIRMED' },
      ends: { rows: { seat: 'CONFIRMED', payment: 'PAID' }, transitions: ['HELD', 'CONFIRMED', 'PAID'] },
    },
    'the price is too high': {
      subject: booking(500),
      steps: ['holdSeats', 'takePayments', 'refundPayments', 'releaseSeats'],
      outcome: { state: 'REFUSED' },
      ends: { rows: { seat: 'RELEASED', payment: 'REFUSED' }, transitions: ['HELD', 'RELEASED', 'REFUSED'] },
    },
    'the payment fails before its statement': {
      subject: booking(50),
      fails: { step: 'takePayments', moment: 'before its statement', how: 'permanently' },
      steps: ['holdSeats', 'takePayments', 'refundPayments', 'releaseSeats'],
      outcome: { state: 'REFUSED' },
      ends: { rows: UNWOUND, transitions: ['HELD', 'RELEASED', 'REFUNDED'] },
    },
    'the payment fails after its commit': {
      subject: booking(50),
      fails: { step: 'takePayments', moment: 'after its commit', how: 'permanently' },
      steps: ['holdSeats', 'takePayments', 'refundPayments', 'releaseSeats'],
      outcome: { state: 'REFUSED' },
      ends: { rows: UNWOUND, transitions: ['HELD', 'RELEASED', 'PAID', 'REFUNDED'] },
    },
  },
});
