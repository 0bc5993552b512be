/** The two services' steps on databases of their own, and everything that these know of an order. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { createCustomer } from '../../activities/create-customer';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import type { CreditSteps, OrderRequest, OrderSteps } from '../../domain/contracts';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase } from '../../prisma/order/client';
import type { Traces } from '../../saga/testing';
import { createTestDatabases, poolOf, type TestDatabases } from './databases';

/** Of an order and of its reservation, minor units. */
export const TOTAL = 100;

/** Whose item an order can be. */
export type StepOfOrder = 'createPendingOrders' | 'reserveCredit' | 'releaseCredit' | 'approveOrders';

export class OrderStores {
  #open: ReturnType<typeof open> extends Promise<infer Open> ? Open | undefined : never;

  /** Opens and closes them with the tests around it. */
  constructor() {
    beforeAll(async () => {
      installTemporalRuntime(createLogger('silent'));
      this.#open = await open();
    });
    afterAll(() => this.#open?.close());
  }

  get #stores() {
    if (!this.#open) throw new Error('they are not open');
    return this.#open;
  }

  get steps(): OrderSteps & CreditSteps {
    return this.#stores.steps;
  }

  get databases(): TestDatabases {
    return this.#stores.databases;
  }

  /** @returns the customer's id */
  async newCustomer(creditLimitMinor = 1_000): Promise<string> {
    const customerId = randomUUID();
    const customer = { customerId, name: 'Ada', creditLimitMinor, currency: 'USD' };
    await createCustomer(this.#stores.customerDb, customer);
    return customerId;
  }

  /** Of a customer of its own. */
  async newOrder(orderId: string = randomUUID(), creditLimitMinor = 1_000): Promise<OrderRequest> {
    return {
      orderId,
      customerId: await this.newCustomer(creditLimitMinor),
      totalMinor: TOTAL,
      currency: 'USD',
    };
  }

  /** @returns how much the customer's row says */
  async reserved(customerId: string): Promise<number> {
    const { reservedMinor } = await this.#stores.customerDb.customer.findUniqueOrThrow({
      where: { id: customerId },
    });
    return Number(reservedMinor);
  }

  /** @returns the order, for which a saga has run these steps */
  async ran(order: OrderRequest, sagaId: string, ...steps: readonly StepOfOrder[]): Promise<OrderRequest> {
    for (const step of steps) await this.steps[step]({ sagaId, items: [order] });
    return order;
  }

  async traces({ orderId, customerId }: OrderRequest): Promise<Traces> {
    const { orders, customers } = this.#stores.lookingAt;
    const [order, credit] = await Promise.all([
      orders.query<Row>(ORDER_ROWS, [orderId]),
      customers.query<Row>(CREDIT_ROWS, [orderId, customerId]),
    ]);
    const rows = [...order.rows, ...credit.rows].map(({ row }) => row);
    const transitions = [...order.rows, ...credit.rows].flatMap(({ events }) => events ?? []);
    return { rows: Object.assign({}, ...rows) as Traces['rows'], transitions };
  }
}

interface Row {
  readonly row: Traces['rows'] | null;
  readonly events: readonly string[] | null;
}

const EVENTS = `SELECT array_agg(type ORDER BY id) FROM outbox WHERE data->>'orderId' = $1::text`;

const ORDER_ROWS = `
  SELECT jsonb_build_object('state', o.state, 'reason', o.cancellation_reason,  'givenUp', g.step) AS row, (${EVENTS}) AS events
  FROM (SELECT $1::uuid AS id) asked LEFT JOIN orders o USING (id) LEFT JOIN given_up_steps g ON g.order_id = asked.id`;

const CREDIT_ROWS = `
  SELECT jsonb_build_object('reserved', reserved_minor) AS row, (${EVENTS}) AS events FROM customers WHERE id = $2::uuid`;

async function open() {
  const databases: TestDatabases = await createTestDatabases();
  const orderDb = createOrderDatabase(databases.orderUrl);
  const customerDb = createCustomerDatabase(databases.customerUrl);
  const steps: OrderSteps & CreditSteps = {
    ...createOrderActivities({ db: orderDb }),
    ...createCustomerActivities({ db: customerDb }),
  };
  const lookingAt = {
    orders: poolOf(databases.adminOrderUrl),
    customers: poolOf(databases.adminCustomerUrl),
  };
  const close = async () => {
    await Promise.all([lookingAt.orders.end(), lookingAt.customers.end()]);
    await Promise.all([orderDb.$disconnect(), customerDb.$disconnect()]);
    await databases.drop();
  };
  return { databases, customerDb, steps, lookingAt, close };
}
