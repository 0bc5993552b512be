/** What the recordings have in common: a running system, sagas started in it by hand, and keeping their histories. */
import { afterAll, beforeAll } from '@jest/globals';
import type { WorkflowHandleWithStartDetails } from '@temporalio/client';
import { v7 as newUuid } from 'uuid';
import type { CreateOrderSagaInput, OrderRequest, Placement } from '../../../domain/contracts';
import {
  CANCEL_ORDER_SAGA,
  cancelSagaWorkflowId,
  CREATE_ORDER_SAGA,
  GIVE_UP_STEP,
  NEEDS_ATTENTION_ATTRIBUTE,
  ORDER_TASK_QUEUE,
  sagaWorkflowId,
} from '../../../domain/names';
import { SAGA_FLAGS } from '../../../domain/saga-start';
import type { cancelOrderSaga, createOrderSaga } from '../../../workflows';
import { executeUpdate } from '../../../platform/saga-update';
import { rowsOf } from '../../support/databases';
import { call, eventually, newCustomer, placeOrder } from '../../support/http';
import { hold, holdCustomer, type Lock } from '../../support/outages';
import { startServiceProcess } from '../../support/service-process';
import { freePort } from '../../support/start';
import { startSystem, type TestSystem } from '../../support/system';
import { bundleOf, type Version, type VersionBundle } from '../../support/versions';
import { keepHistory } from '../recording';

const CREDIT_CHECK_TIMEOUT_MS = 4_000;

/** 20 s: longer than what stands in its way while a path is made. */
const ANSWER_WITHIN_MS = 20_000;

export type Saga = WorkflowHandleWithStartDetails<typeof createOrderSaga>;

interface StartOptions extends Partial<Omit<CreateOrderSagaInput, 'orders'>> {
  readonly workflowId?: string;
}

export class Stage {
  #system: TestSystem | undefined;
  #customer = '';

  /**
   * Starts and stops with the tests around it.
   *
   * @param version of the workflow code; the project's own unless it is given
   */
  constructor(
    readonly placement: Placement,
    version?: Version,
  ) {
    let bundle: VersionBundle | undefined;
    beforeAll(async () => {
      bundle = version && (await bundleOf(version));
      this.#system = await startSystem({
        placement,
        ...(bundle && { bundlePath: bundle.bundlePath }),
        order: { creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS },
      });
      this.#customer = await newCustomer(this.system.url, '100000.00');
    });
    afterAll(async () => {
      await this.#system?.stop();
      bundle?.remove();
    });
  }

  get system(): TestSystem {
    if (!this.#system) throw new Error('it has not started');
    return this.#system;
  }

  /** An order of the customer with much credit, if of nobody else. */
  order(customerId = this.#customer, totalMinor = 100): OrderRequest {
    return { orderId: newUuid(), customerId, totalMinor, currency: 'USD' };
  }

  newCustomer(): Promise<string> {
    return newCustomer(this.system.url, '10.00');
  }

  start(
    orders: readonly OrderRequest[],
    { workflowId = sagaWorkflowId(orders.map(({ orderId }) => orderId)), ...input }: StartOptions = {},
  ): Promise<Saga> {
    return this.system.client.workflow.start<typeof createOrderSaga>(CREATE_ORDER_SAGA, {
      workflowId,
      taskQueue: ORDER_TASK_QUEUE,
      args: [
        {
          placement: this.placement,
          creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS,
          ...SAGA_FLAGS,
          ...input,
          orders,
        },
      ],
    });
  }

  startCancelling(
    order: OrderRequest,
    attentionAfterMs?: number,
  ): Promise<WorkflowHandleWithStartDetails<typeof cancelOrderSaga>> {
    return this.system.client.workflow.start<typeof cancelOrderSaga>(CANCEL_ORDER_SAGA, {
      workflowId: cancelSagaWorkflowId(order.orderId),
      taskQueue: ORDER_TASK_QUEUE,
      args: [{ placement: this.placement, order, attentionAfterMs, ...SAGA_FLAGS }],
    });
  }

  /** Asks the saga, as the API and the operator's command do. */
  update(sagaId: string, update: string, request: object): Promise<unknown> {
    return executeUpdate(this.system.client, { sagaId, update, request }, ANSWER_WITHIN_MS);
  }

  keep(workflowId: string, name: string, words: string): Promise<void> {
    return keepHistory(this.system.client, workflowId, `${this.placement}-${name}`, words);
  }

  /** Waits until one of its steps is parked. */
  async parked(workflowId: string, step = 'release credit'): Promise<void> {
    await eventually(async () => {
      const { typedSearchAttributes } = await this.system.client.workflow.getHandle(workflowId).describe();
      const named = typedSearchAttributes
        .getAll()
        .some(({ key, value }) => key.name === NEEDS_ATTENTION_ATTRIBUTE && value.toString().includes(step));
      return named ? true : undefined;
    });
  }

  /** As an operator does. */
  async giveUp(workflowId: string): Promise<void> {
    const request = { by: 'grace', reason: 'OPS-17' };
    await this.update(workflowId, GIVE_UP_STEP, request);
  }

  /** Waits for its end, good or bad. */
  async ended(workflowId: string): Promise<void> {
    await Promise.allSettled([this.system.client.workflow.getHandle(workflowId).result()]);
  }

  stateIs(orderId: string, state: string): Promise<unknown> {
    return eventually(async () => {
      const { body } = await call(`${this.system.url}/orders/${orderId}`, 'GET');
      return body['state'] === state ? body : undefined;
    });
  }

  /** Nothing can be written to the order database's orders. */
  holdOrders(): Promise<Lock> {
    return hold(this.system.databases.adminOrderUrl, 'LOCK TABLE orders IN SHARE MODE');
  }

  /**
   * Kills the process that carries a new order, in the middle of the step that waits for the orders' lock.
   *
   * @param waiting how many steps wait for it then
   */
  async killWhileItWaits(
    before: (url: string, customerId: string) => Promise<void>,
    waiting = 1,
  ): Promise<string> {
    const other = await startServiceProcess(await freePort(), {
      LOG_LEVEL: 'silent',
      ORDER_DATABASE_URL: this.system.databases.orderUrl,
      ...(this.placement === 'colocated'
        ? { SERVICES: 'order,customer', CUSTOMER_DATABASE_URL: this.system.databases.customerUrl }
        : { SERVICES: 'order', CUSTOMER_SERVICE_URL: this.system.url }),
    });
    const customer = await this.newCustomer();
    await before(other.url, customer);
    await this.someoneWaitsForOrders(waiting);
    await other.stop('SIGKILL');
    return customer;
  }

  /**
   * Kills the process that is approving a new order.
   *
   * @param onPlaced starts what waits for the orders as well
   * @returns what the approval waits for in Postgres, which goes on with it whoever asked
   */
  async killWhileItApproves(onPlaced?: (order: OrderRequest) => Promise<unknown>) {
    let orderId = '';
    let lock: Lock | undefined;
    await this.killWhileItWaits(
      async (url, customerId) => {
        const credit = await holdCustomer(this.system.databases.adminCustomerUrl, customerId);
        orderId = String((await placeOrder(url, customerId, '1.00')).body['orderId']);
        lock = await this.holdOrders();
        await onPlaced?.({ orderId, customerId, totalMinor: 100, currency: 'USD' });
        await credit.release();
      },
      onPlaced ? 2 : 1,
    );
    if (!lock) throw new Error('nothing was held');
    return { orderId, lock };
  }

  someoneWaitsForOrders(count = 1): Promise<void> {
    return this.#someoneWaits(this.system.databases.adminOrderUrl, count);
  }

  someoneWaitsForCredit(): Promise<void> {
    return this.#someoneWaits(this.system.databases.adminCustomerUrl);
  }

  async #someoneWaits(adminUrl: string, count = 1): Promise<void> {
    await eventually(async () => {
      const waiting = await rowsOf(
        adminUrl,
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return waiting.length >= count ? true : undefined;
    });
  }

  /** Waits until the saga's history has so many events with these attributes. */
  async historyHas(
    saga: Pick<Saga, 'fetchHistory'>,
    attributes:
      | 'timerStartedEventAttributes'
      | 'activityTaskScheduledEventAttributes'
      | 'activityTaskCompletedEventAttributes',
    count = 1,
  ): Promise<void> {
    await eventually(async () => {
      const { events } = await saga.fetchHistory();
      const found = events?.filter((event) => event[attributes]).length ?? 0;
      return found >= count ? true : undefined;
    });
  }

  onOrders(statement: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return rowsOf(this.system.databases.adminOrderUrl, statement, values);
  }

  onCustomers(statement: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return rowsOf(this.system.databases.adminCustomerUrl, statement, values);
  }
}
