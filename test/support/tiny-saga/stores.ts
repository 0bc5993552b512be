/** The tiny saga's two databases, and what they know of a booking. */
import { afterAll, beforeAll } from '@jest/globals';
import type { Pool } from 'pg';
import { createLogger } from '../../../platform/logger';
import { installTemporalRuntime } from '../../../platform/temporal';
import type { Traces } from '../../../saga/testing';
import { createTestDatabases, poolOf, type TestDatabases } from '../databases';
import type { Booking } from './steps';
import { paymentSteps, type PaymentSteps, seatSteps, type SeatSteps, tableOf } from './steps';

interface Open {
  readonly databases: TestDatabases;
  readonly seats: Pool;
  readonly payments: Pool;
}

export class TinyStores {
  #open: Open | undefined;

  /** Opens and closes them with the tests around it. */
  constructor() {
    beforeAll(async () => {
      installTemporalRuntime(createLogger('silent'));
      const databases = await createTestDatabases();
      const seats = poolOf(databases.adminOrderUrl);
      const payments = poolOf(databases.adminCustomerUrl);
      this.#open = { databases, seats, payments };
      await seats.query(tableOf('seats'));
      await payments.query(tableOf('payments'));
    });
    afterAll(async () => {
      await Promise.all([this.#stores.seats.end(), this.#stores.payments.end()]);
      await this.#stores.databases.drop();
    });
  }

  get #stores(): Open {
    if (!this.#open) throw new Error('they are not open');
    return this.#open;
  }

  get seatsUrl(): string {
    return this.#stores.databases.adminOrderUrl;
  }

  get steps(): SeatSteps & PaymentSteps {
    return { ...seatSteps(this.#stores.seats), ...paymentSteps(this.#stores.payments) };
  }

  async traces({ bookingId }: Booking): Promise<Traces> {
    const [seat, payment] = await Promise.all([
      rowOf(this.#stores.seats, 'seats', bookingId),
      rowOf(this.#stores.payments, 'payments', bookingId),
    ]);
    return {
      rows: { seat: seat?.state, payment: payment?.state },
      transitions: [...(seat?.history ?? []), ...(payment?.history ?? [])],
    };
  }
}

async function rowOf(db: Pool, table: string, id: string) {
  const { rows } = await db.query<{ state: string; history: string[] }>(
    `SELECT * FROM ${table} WHERE id = $1`,
    [id],
  );
  return rows[0];
}
