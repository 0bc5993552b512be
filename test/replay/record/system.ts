/** What a saga runs on while it is recorded: databases, workers of both services in this process, and a client. */
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { createLogger } from '../../../platform/logger';
import { connectTemporal, installTemporalRuntime } from '../../../platform/temporal';
import { prepareTemporal } from '../../../platform/temporal-namespace';
import { createCustomerDatabase, type CustomerDatabase } from '../../../prisma/customer/client';
import { createOrderDatabase, type OrderDatabase } from '../../../prisma/order/client';
import type { Placement } from '../../../saga/contract';
import { SEARCH_ATTRIBUTES } from '../../../workers/search-attributes';
import { type RunningWorkers, startWorkers } from '../../../workers/workers';
import { createTestDatabases, type TestDatabases } from '../../support/databases';
import { testServers } from '../../support/servers';

export class SagaSystem {
  #sagas: RunningWorkers | undefined;
  #credit: RunningWorkers | undefined;

  private constructor(
    private readonly placement: Placement,
    readonly databases: TestDatabases,
    readonly orders: OrderDatabase,
    readonly customers: CustomerDatabase,
    readonly client: Client,
    private readonly connection: NativeConnection,
  ) {}

  static async start(placement: Placement): Promise<SagaSystem> {
    installTemporalRuntime(createLogger('silent'));
    const { temporal } = testServers();
    await prepareTemporal(temporal, SEARCH_ATTRIBUTES);
    const { connection, client } = await connectTemporal(temporal);
    const databases = await createTestDatabases();
    const orders = createOrderDatabase(databases.orderUrl);
    const customers = createCustomerDatabase(databases.customerUrl);
    const system = new SagaSystem(placement, databases, orders, customers, client, connection);
    await system.startCredit();
    await system.startSagas();
    return system;
  }

  /** The worker that runs sagas; when colocated it has the credit steps too. */
  async startSagas(): Promise<void> {
    const { orders, customers, placement } = this;
    this.#sagas = await startWorkers({
      ...this.#server(),
      order: { db: orders },
      ...(placement === 'colocated' && { customer: { db: customers } }),
    });
  }

  async stopSagas(): Promise<void> {
    await this.#sagas?.stop();
    this.#sagas = undefined;
  }

  /** When distributed: the customer service's worker. */
  async startCredit(): Promise<void> {
    if (this.placement === 'colocated') return;
    this.#credit = await startWorkers({ ...this.#server(), customer: { db: this.customers } });
  }

  async stopCredit(): Promise<void> {
    await this.#credit?.stop();
    this.#credit = undefined;
  }

  async stop(): Promise<void> {
    await this.stopSagas();
    await this.stopCredit();
    await this.connection.close();
    await Promise.all([this.orders.$disconnect(), this.customers.$disconnect()]);
    await this.databases.drop();
  }

  #server() {
    const { temporal, bundlePath } = testServers();
    return { connection: this.connection, namespace: temporal.namespace, bundlePath };
  }
}
