/** What the recordings have in common: sagas that are started by hand, what is waited for, and keeping their histories. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import type { WorkflowHandleWithStartDetails } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { v7 as newUuid } from 'uuid';
import { createCustomer } from '../../../activities/create-customer';
import { createCustomerActivities } from '../../../activities/customer';
import type { CreateOrderSettings, OrderRequest, OrderToCancel } from '../../../domain/contracts';
import {
  CANCEL_ORDER_SAGA,
  cancelSagaWorkflowId,
  CREATE_ORDER_SAGA,
  ORDER_TASK_QUEUE,
  sagaWorkflowId,
} from '../../../domain/names';
import {
  GIVE_UP_STEP,
  type GiveUpStepRequest,
  PARKED_MEMO,
  type ParkedStep,
  type Placement,
  RETRY_STEP,
  type RetryStepRequest,
  type SagaInput,
} from '../../../saga/contract';
import { WORKFLOW_TASK_TIMEOUT_MS } from '../../../saga/limits';
import { stepsOf } from '../../../ops/replay/recorded-steps';
import type { cancelOrderSaga, createOrderSaga } from '../../../workflows';
import { eventually } from '../../support/http';
import { type Lock, hold, holdCustomer } from '../../support/outages';
import { rowsOf } from '../../support/databases';
import { keepHistory } from '../recording';
import { SagaSystem } from './system';

const CREDIT_CHECK_TIMEOUT_MS = 4_000;

export type Saga = WorkflowHandleWithStartDetails<typeof createOrderSaga>;
export type CancelSaga = WorkflowHandleWithStartDetails<typeof cancelOrderSaga>;

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** What its input has beside its subjects. */
type Settings<Own> = Partial<Omit<SagaInput<unknown, Own>, 'subjects' | 'carried'>>;

export class Stage {
  #system: SagaSystem | undefined;
  #customer = '';

  /** Starts and stops with the tests around it. */
  constructor(readonly placement: Placement) {
    beforeAll(async () => {
      this.#system = await SagaSystem.start(placement);
      this.#customer = await this.newCustomer(10_000_000);
    });
    afterAll(() => this.#system?.stop());
  }

  get system(): SagaSystem {
    if (!this.#system) throw new Error('it has not started');
    return this.#system;
  }

  async newCustomer(creditLimitMinor = 1_000): Promise<string> {
    const customerId = randomUUID();
    const customer = { customerId, name: 'Ada', creditLimitMinor, currency: 'USD' };
    await createCustomer(this.system.customers, customer);
    return customerId;
  }

  /** An order of the customer with much credit, if of nobody else. */
  order(customerId = this.#customer, totalMinor = 100, currency = 'USD'): OrderRequest {
    return { orderId: newUuid(), customerId, totalMinor, currency };
  }

  /** A reservation of another saga, under the order's id. */
  async reserveByHand(order: OrderRequest): Promise<void> {
    const steps = createCustomerActivities({ db: this.system.customers });
    await steps.reserveCredit({ sagaId: 'another', items: [order] });
  }

  start(
    orders: readonly OrderRequest[],
    input: Settings<CreateOrderSettings> = {},
    workflowId = sagaWorkflowId(orders.map(({ orderId }) => orderId)),
  ): Promise<Saga> {
    const settings = { creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS };
    return this.system.client.workflow.start<typeof createOrderSaga>(CREATE_ORDER_SAGA, {
      ...this.#options(workflowId),
      args: [{ placement: this.placement, settings, ...input, subjects: orders }],
    });
  }

  startCancelling(
    order: OrderToCancel,
    input: Settings<Record<string, never>> = {},
    workflowId = cancelSagaWorkflowId(order.orderId),
  ): Promise<CancelSaga> {
    return this.system.client.workflow.start<typeof cancelOrderSaga>(CANCEL_ORDER_SAGA, {
      ...this.#options(workflowId),
      args: [{ placement: this.placement, settings: {}, ...input, subjects: [order] }],
    });
  }

  /** The sagas that processes start are started so, too. */
  #options(workflowId: string) {
    return {
      workflowId,
      taskQueue: ORDER_TASK_QUEUE,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
      requestEagerStart: true,
    };
  }

  /** As an operator's command does. */
  retry(workflowId: string, request: Partial<RetryStepRequest> = {}): Promise<void> {
    return this.#signal(workflowId, RETRY_STEP, { by: 'grace', ...request });
  }

  giveUp(workflowId: string, request: Partial<GiveUpStepRequest> = {}): Promise<void> {
    return this.#signal(workflowId, GIVE_UP_STEP, { by: 'grace', reason: 'OPS-17', ...request });
  }

  #signal(workflowId: string, name: string, request: object): Promise<void> {
    return this.system.client.workflow.getHandle(workflowId).signal(name, request);
  }

  /** @param runId the last run's by default */
  keep(workflowId: string, name: string, words: string, runId?: string): Promise<void> {
    return keepHistory(this.system.client, { workflowId, runId }, `${this.placement}-${name}`, words);
  }

  /** Waits until one of its steps is parked. */
  async parked(workflowId: string, step = 'release credit'): Promise<void> {
    await eventually(async () => {
      const { memo } = await this.system.client.workflow.getHandle(workflowId).describe();
      const parked = (memo?.[PARKED_MEMO] ?? []) as readonly ParkedStep[];
      return parked.some((one) => one.step === step) ? true : undefined;
    });
  }

  /** Waits for its end, good or bad. */
  async ended(workflowId: string): Promise<void> {
    await Promise.allSettled([this.system.client.workflow.getHandle(workflowId).result()]);
  }

  async stateIs(orderId: string, state: string): Promise<void> {
    await eventually(async () => {
      const [row] = await this.onOrders('SELECT state FROM orders WHERE id = $1', [orderId]);
      return row?.['state'] === state ? true : undefined;
    });
  }

  /** Waits until its last run has so many events of which this is true. */
  async historyHas(workflowId: string, is: (event: HistoryEvent) => unknown, count = 1): Promise<void> {
    await eventually(async () => {
      const { events } = await this.system.client.workflow.getHandle(workflowId).fetchHistory();
      return (events ?? []).filter(is).length >= count ? true : undefined;
    });
  }

  /**
   * Waits until a step has failed in its last run, and the saga pauses.
   *
   * @param step in words
   */
  pausesBefore(workflowId: string, step: string, count = 1): Promise<void> {
    return this.historyHas(
      workflowId,
      ({ timerStartedEventAttributes, userMetadata }) =>
        timerStartedEventAttributes &&
        userMetadata?.summary &&
        defaultPayloadConverter.fromPayload(userMetadata.summary) === `before the next attempt: ${step}`,
      count,
    );
  }

  /** Waits until its last run has asked for the step, in the words of the gate. */
  async hasStep(workflowId: string, words: string): Promise<void> {
    await eventually(async () => {
      const history = await this.system.client.workflow.getHandle(workflowId).fetchHistory();
      return stepsOf(history).some((step) => step.words === words) ? true : undefined;
    });
  }

  /** Waits until so many attempts of a step are on its task queue. */
  async onQueue(workflowId: string, activity: string, count: number): Promise<void> {
    await eventually(async () => {
      const pending = await this.#pending(workflowId);
      const found = pending.filter(({ activityType }) => activityType?.name === activity).length;
      return found >= count ? true : undefined;
    });
  }

  /** Waits until a step has failed on its task queue, and the server retries it. */
  async retriedByServer(workflowId: string, activity?: string): Promise<void> {
    await eventually(async () => {
      const pending = await this.#pending(workflowId);
      const retried = pending.some(
        ({ activityType, attempt }) =>
          (activity === undefined || activityType?.name === activity) && (attempt ?? 0) > 1,
      );
      return retried ? true : undefined;
    });
  }

  async #pending(workflowId: string) {
    const { raw } = await this.system.client.workflow.getHandle(workflowId).describe();
    return raw.pendingActivities ?? [];
  }

  /** Nothing can be written to the order database's orders. */
  holdOrders(): Promise<Lock> {
    return hold(this.system.databases.adminOrderUrl, 'LOCK TABLE orders IN SHARE MODE');
  }

  /** The customer's orders wait for their credit. */
  holdCustomer(customerId: string): Promise<Lock> {
    return holdCustomer(this.system.databases.adminCustomerUrl, customerId);
  }

  someoneWaitsForOrders(count = 1): Promise<void> {
    return someoneWaits(this.system.databases.adminOrderUrl, count);
  }

  someoneWaitsForCredit(count = 1): Promise<void> {
    return someoneWaits(this.system.databases.adminCustomerUrl, count);
  }

  onOrders(statement: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return rowsOf(this.system.databases.adminOrderUrl, statement, values);
  }

  onCustomers(statement: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return rowsOf(this.system.databases.adminCustomerUrl, statement, values);
  }
}

async function someoneWaits(adminUrl: string, count: number): Promise<void> {
  await eventually(async () => {
    const waiting = await rowsOf(
      adminUrl,
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return waiting.length >= count ? true : undefined;
  });
}
