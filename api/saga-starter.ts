/**
 * Group commit of sagas: while a group is under way, the orders that arrive form the next one. Alone, an
 * order starts at once and is its own group; under load a group carries up to `groupMax` orders for the price
 * of one workflow, and full groups go alongside each other.
 */
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandleWithStartDetails,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { CreateOrderSagaInput, OrderRequest, Placement } from '../domain/contracts';
import { CREATE_ORDER_SAGA, ORDER_IDS_ATTRIBUTE, ORDER_TASK_QUEUE, sagaWorkflowId } from '../domain/names';
import { SAGA_FLAGS, WORKFLOW_TASK_TIMEOUT_MS } from '../domain/saga-start';
import type { Expectation, KeyedWaiters } from '../platform/keyed-waiters';
import type { createOrderSaga } from '../workflows';

/**
 * 1 s: a group that waits for somebody (an absent Customer Service, a locked row) gives its place to the
 * next one after this, so that it blocks nobody. A group that is not waiting is done in a fraction of it.
 */
const GROUP_SLOT_MS = 1_000;

/**
 * 250 ms: a group is done in a fraction of it, so that waiting for it and going together is cheaper than going
 * alongside. One that takes longer waits for somebody.
 */
const ALONGSIDE_AFTER_MS = 250;

export const orderIdsAttribute = defineSearchAttributeKey(
  ORDER_IDS_ATTRIBUTE,
  SearchAttributeType.KEYWORD_LIST,
);

/** Too many orders wait for a saga; nothing was started for this one. */
export class SagaStarterFull extends Error {
  override readonly name = 'SagaStarterFull';
}

/** Temporal did not confirm the start in time; whether the saga runs is unknown. */
export class SagaStartFailed extends Error {
  override readonly name = 'SagaStartFailed';
}

/** A saga that was carried by this process has come to its end. */
export interface SagaEnded {
  readonly sagaId: string;
}

export interface SagaStarterOptions {
  readonly client: Client;
  /** By workflow id, what the worker of this process tells. */
  readonly sagaEnds: KeyedWaiters<SagaEnded>;
  readonly placement: Placement;
  readonly creditCheckTimeoutMs: number;
  readonly attentionAfterMs: number;
  /** Not with versioned workers: an eager start goes to this process's worker, whichever version is current. */
  readonly eagerStart: boolean;
  /** Orders in a group, 1 to 50; 1 turns groups off. */
  readonly groupMax: number;
  /** Groups under way at once. */
  readonly groupsInFlight: number;
  /** Orders that may wait for a group. */
  readonly waitingMax: number;
  /** Told of each start: how many orders, and whether the worker got its first task with the reply. */
  readonly onStarted?: (start: { sagaId: string; orderIds: readonly string[]; eager: boolean }) => void;
}

/** `already-started`: a saga for this order id was there, perhaps with other content. */
export type Submission = 'started' | 'already-started';

type StartedSaga = WorkflowHandleWithStartDetails<typeof createOrderSaga>;

interface Waiting {
  readonly order: OrderRequest;
  /** Milliseconds of the monotonic clock. */
  readonly since: number;
  readonly resolve: (submission: Submission) => void;
  readonly reject: (reason: Error) => void;
}

export class SagaStarter {
  #waiting: Waiting[] = [];
  #groupsUnderWay = 0;
  #lookAgain: NodeJS.Timeout | undefined;

  constructor(private readonly options: SagaStarterOptions) {}

  get limits(): Pick<SagaStarterOptions, 'groupMax' | 'groupsInFlight' | 'waitingMax'> {
    return this.options;
  }

  get groupsUnderWay(): number {
    return this.#groupsUnderWay;
  }

  /** Orders that wait for the next group. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves once the start call of the order's group has returned: from then on the saga is durable.
   *
   * @throws SagaStarterFull when too many orders wait already
   * @throws SagaStartFailed when Temporal is away
   */
  submit(order: OrderRequest): Promise<Submission> {
    if (this.#waiting.length >= this.options.waitingMax) {
      return Promise.reject(
        new SagaStarterFull(`${String(this.options.waitingMax)} orders are waiting for their saga`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ order, since: performance.now(), resolve, reject });
      this.#startGroups();
    });
  }

  #startGroups(): void {
    while (this.#mayStart()) {
      const group = this.#takeGroup();
      this.#groupsUnderWay += 1;
      void this.#carry(group).finally(() => {
        this.#groupsUnderWay -= 1;
        this.#startGroups();
      });
    }
    const [first] = this.#waiting;
    if (!first || this.#lookAgain || this.#groupsUnderWay >= this.options.groupsInFlight) return;
    const left = first.since + ALONGSIDE_AFTER_MS - performance.now();
    this.#lookAgain = setTimeout(
      () => {
        this.#lookAgain = undefined;
        this.#startGroups();
      },
      Math.max(left, 1),
    );
  }

  /** Alone at once; beside another group only when that makes a full one, or the other takes its time. */
  #mayStart(): boolean {
    const { groupMax, groupsInFlight } = this.options;
    const [first] = this.#waiting;
    if (!first || this.#groupsUnderWay >= groupsInFlight) return false;
    if (this.#groupsUnderWay === 0 || this.#waiting.length >= groupMax) return true;
    return performance.now() - first.since >= ALONGSIDE_AFTER_MS;
  }

  /** The next orders in line; of several with one id only the first, the others wait for the next group. */
  #takeGroup(): Waiting[] {
    const group = new Map<string, Waiting>();
    const later: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const { orderId } = waiting.order;
      if (group.size < this.options.groupMax && !group.has(orderId)) group.set(orderId, waiting);
      else later.push(waiting);
    }
    this.#waiting = later;
    return [...group.values()];
  }

  /** Ends when the group's saga is done, or has had its place for long enough. */
  async #carry(group: readonly Waiting[]): Promise<void> {
    const orders = group.map(({ order }) => order);
    const sagaId = sagaWorkflowId(orders.map(({ orderId }) => orderId));
    const end = this.options.sagaEnds.expect(sagaId);
    try {
      const handle = await this.#start(sagaId, orders);
      for (const { resolve } of group) resolve('started');
      await this.#ended(handle, end);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) {
        const failure = new SagaStartFailed('Temporal did not confirm the start of the saga', {
          cause: error,
        });
        for (const { reject } of group) reject(failure);
      } else if (group.length === 1) {
        for (const { resolve } of group) resolve('already-started');
      } else {
        // The other saga of this id carries this group's first order, but not surely the rest of it.
        await Promise.all(group.map((waiting) => this.#carry([waiting])));
      }
    } finally {
      end.close();
    }
  }

  /**
   * How a saga ends is told by its orders' rows; here it only counts that it has. This process runs what it
   * starts eagerly, and knows; of another's sagas the server is asked, by a long poll. Not with a deadline:
   * a server that is told of a near one answers at once, and is asked again and again.
   */
  async #ended(handle: StartedSaga, end: Expectation<SagaEnded>): Promise<void> {
    if (handle.eagerlyStarted) await end.next((_): _ is SagaEnded => true, GROUP_SLOT_MS);
    else {
      const soon = AbortSignal.timeout(GROUP_SLOT_MS);
      await Promise.allSettled([this.options.client.withAbortSignal(soon, () => handle.result())]);
    }
  }

  async #start(sagaId: string, orders: readonly OrderRequest[]): Promise<StartedSaga> {
    const { client, placement, creditCheckTimeoutMs, attentionAfterMs, eagerStart, onStarted } = this.options;
    const orderIds = orders.map(({ orderId }) => orderId);
    const input: CreateOrderSagaInput = {
      placement,
      creditCheckTimeoutMs,
      attentionAfterMs,
      ...SAGA_FLAGS,
      orders,
    };
    const handle = await client.workflow.start<typeof createOrderSaga>(CREATE_ORDER_SAGA, {
      workflowId: sagaId,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      taskQueue: ORDER_TASK_QUEUE,
      args: [input],
      requestEagerStart: eagerStart,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
      typedSearchAttributes: [{ key: orderIdsAttribute, value: orderIds }],
      staticSummary: orders.length === 1 ? 'Saga of one order' : `Saga of ${String(orders.length)} orders`,
    });
    onStarted?.({ sagaId, orderIds, eager: handle.eagerlyStarted });
    return handle;
  }
}
