/** The model of the table given_up_steps: what activities/given-up-steps.ts does. */
import type { GiveUpOrder, GiveUpResult, GivingUp, StepRequest } from '../../domain/contracts';
import type { Attempt } from './model-steps';
import type { Outbox } from './outbox';
import { Table } from './model-table';

export interface ModelGivenUpStep extends GivingUp {
  readonly orderId: string;
  readonly sagaId: string;
}

export class GivenUpSteps {
  readonly table = new Table<ModelGivenUpStep>();

  constructor(private readonly outbox: Outbox) {}

  /** A locked order row does not delay this step. */
  record({ sagaId, items }: StepRequest<GiveUpOrder>, { transaction }: Attempt): GiveUpResult[] {
    return items.map(({ orderId, customerId, totalMinor: amountMinor, currency, givingUp }) => {
      const { id, ...decision } = givingUp;
      if (this.table.beingInserted(id, transaction)) return { orderId, outcome: 'busy' };
      if (!this.table.seen(id, transaction)) {
        this.table.write(id, { ...givingUp, orderId, sagaId }, transaction);
        const data = { orderId, customerId, amountMinor, currency, ...decision };
        this.outbox.record({ aggregateId: id, sequence: 1, type: 'SagaStepGivenUp', data }, transaction);
      }
      return { orderId, outcome: 'given-up' };
    });
  }
}
