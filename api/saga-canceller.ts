/** Has an order cancelled: by its own saga while that has not decided, afterwards by `cancelOrderSaga`. */
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { CancellationRequest, CancelOrderSagaInput, Placement } from '../domain/contracts';
import {
  CANCEL_ORDER_SAGA,
  cancelSagaWorkflowId,
  ORDER_TASK_QUEUE,
  REQUEST_CANCELLATION,
} from '../domain/names';
import { CANCELLATION_SUMMARY, SAGA_FLAGS, WORKFLOW_TASK_TIMEOUT_MS } from '../domain/saga-start';
import { executeUpdate } from '../platform/saga-update';
import type { cancelOrderSaga } from '../workflows';
import { orderIdsAttribute } from './saga-starter';

/** 8 s: longer than a worker that died is waited for; a saga that runs accepts in milliseconds. */
const ACCEPTED_WITHIN_MS = 8_000;

export interface SagaCancellerOptions {
  readonly client: Client;
  readonly placement: Placement;
  readonly attentionAfterMs?: number | undefined;
  /** As of the saga starter. */
  readonly eagerStart: boolean;
}

/** Temporal did not confirm; whether the order will be cancelled is unknown. */
export class CancellationUnconfirmed extends Error {
  override readonly name = 'CancellationUnconfirmed';
}

export class SagaCanceller {
  constructor(private readonly options: SagaCancellerOptions) {}

  /**
   * Asks the order's own saga. Once this says true the order is going to be cancelled.
   *
   * @returns false when the saga has decided about the order already, or is gone
   * @throws CancellationUnconfirmed when Temporal, or the saga's worker, is away
   */
  async requestCancellation(sagaId: string, request: CancellationRequest): Promise<boolean> {
    const { client } = this.options;
    try {
      await executeUpdate(client, { sagaId, update: REQUEST_CANCELLATION, request }, ACCEPTED_WITHIN_MS);
      return true;
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError) return false;
      throw new CancellationUnconfirmed('the saga did not answer', { cause: error });
    }
  }

  /**
   * Starts `cancelOrderSaga`, or finds it running or done. It waits for an order that is not decided yet.
   *
   * @throws CancellationUnconfirmed when Temporal is away
   */
  async start({
    order,
    cancellationKey,
  }: Pick<CancelOrderSagaInput, 'order' | 'cancellationKey'>): Promise<void> {
    const { client, placement, attentionAfterMs, eagerStart } = this.options;
    const { orderId } = order;
    try {
      await client.workflow.start<typeof cancelOrderSaga>(CANCEL_ORDER_SAGA, {
        workflowId: cancelSagaWorkflowId(orderId),
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        workflowIdConflictPolicy: 'USE_EXISTING',
        taskQueue: ORDER_TASK_QUEUE,
        args: [{ placement, order, cancellationKey, attentionAfterMs, ...SAGA_FLAGS }],
        requestEagerStart: eagerStart,
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
        typedSearchAttributes: [{ key: orderIdsAttribute, value: [orderId] }],
        staticSummary: CANCELLATION_SUMMARY,
      });
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return;
      throw new CancellationUnconfirmed('the saga could not be started', { cause: error });
    }
  }
}
