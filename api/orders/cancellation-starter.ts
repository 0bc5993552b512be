/** Starts `cancelOrderSaga`. */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { OrderToCancel } from '../../domain/contracts';
import { type SagaSettings, startOptions, startSaga } from '../../saga/host/start-options';
import { CANCEL_ORDER } from './saga-types';

export interface CancellationStarterOptions {
  readonly client: Client;
  readonly input: SagaSettings<Record<string, never>>;
  /** As for the starter of `createOrderSaga`. */
  readonly eagerStart: boolean;
}

/** Temporal did not confirm the start. Whether the order will be cancelled is unknown. */
export class CancellationUnconfirmed extends Error {
  override readonly name = 'CancellationUnconfirmed';
}

export class CancellationStarter {
  constructor(private readonly options: CancellationStarterOptions) {}

  /**
   * Starts the saga, unless it is running or completed. A saga that failed, or that an operator gave up, is started again.
   *
   * @throws CancellationUnconfirmed when Temporal does not confirm the start in time
   */
  async start(order: OrderToCancel): Promise<void> {
    const { client, input, eagerStart } = this.options;
    const options = startOptions(
      CANCEL_ORDER,
      { ...input, subjects: [order] },
      { reuse: 'ALLOW_DUPLICATE_FAILED_ONLY', conflict: 'USE_EXISTING' },
    );
    try {
      await startSaga(client, CANCEL_ORDER, options, eagerStart);
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return;
      throw new CancellationUnconfirmed('the start of the saga was not confirmed', { cause: error });
    }
  }
}
