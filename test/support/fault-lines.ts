/** Services' steps over lines on which a fault can strike, as the fault suite runs them. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach } from '@jest/globals';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase } from '../../prisma/order/client';
import { Breakpoint, type Caught, type Moment } from '../../tools/fault-injection/breakpoint';
import { FaultProxy } from '../../tools/fault-injection/fault-proxy';
import type { Step } from '../../tools/fault-injection/step-recognition';
import { createTestDatabases, rowsOf, type TestDatabases } from './databases';
import { eventually } from './http';

const orderId = randomUUID();
export const SAGA_ID = `order-${orderId}`;
export const ORDER = { orderId, customerId: randomUUID(), totalMinor: 100, currency: 'USD' };

interface Set {
  readonly caught: Caught<string>[];
  readonly breakpoint: Breakpoint<string>;
}

export class FaultLines {
  #databases: TestDatabases | undefined;
  /** Cleanup of what was started, last first, also after a failure. */
  readonly #ends: (() => unknown)[] = [];

  /** Each test has databases of its own. */
  constructor() {
    beforeEach(async () => {
      const databases = await createTestDatabases();
      this.atEnd(() => databases.drop());
      this.#databases = databases;
    });
    afterEach(async () => {
      for (const end of this.#ends.splice(0).reverse()) await end();
    });
  }

  get databases(): TestDatabases {
    if (!this.#databases) throw new Error('no test runs');
    return this.#databases;
  }

  /** @param end runs when the test is over */
  atEnd(end: () => unknown): void {
    this.#ends.push(end);
  }

  async lineTo(url: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(url));
    await proxy.listen();
    this.atEnd(() => {
      proxy.close();
    });
    return proxy;
  }

  /** The order side's steps as a process has them: over a line of its own. */
  async orderProcess() {
    const proxy = await this.lineTo(this.databases.orderUrl);
    const db = createOrderDatabase(proxy.url);
    this.atEnd(() => db.$disconnect());
    return { proxy, steps: createOrderActivities({ db }) };
  }

  async customerProcess() {
    const proxy = await this.lineTo(this.databases.customerUrl);
    const db = createCustomerDatabase(proxy.url);
    this.atEnd(() => db.$disconnect());
    return { proxy, steps: createCustomerActivities({ db }) };
  }

  /** @returns the states of all orders */
  async states() {
    const rows = await rowsOf(this.databases.adminOrderUrl, 'SELECT state FROM orders');
    return rows.map(({ state }) => state);
  }
}

/** @param processes the lines of each, by its name */
export function setBreakpoint(
  step: Step,
  moment: Moment,
  processes: Readonly<Record<string, readonly FaultProxy[]>>,
): Set {
  const caught: Caught<string>[] = [];
  const breakpoint = new Breakpoint<string>(step, moment, (each) => caught.push(each));
  for (const [name, proxies] of Object.entries(processes))
    for (const proxy of proxies) proxy.watch(breakpoint.watcherOf(name));
  return { caught, breakpoint };
}

export const whenCaught = ({ caught }: Set) => eventually(() => Promise.resolve(caught[0]));
