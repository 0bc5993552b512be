/** The model of the table given_up_steps: what activities/giving-up.ts does. */
import type { GiveUpOrder, GiveUpResult, GivingUp, StepRequest } from '../domain/contracts';
import type { Attempt } from './model-steps';
import type { Outbox } from './outbox';
import { Table } from './table';
import type { GivenUp } from './waiting-steps';
import type { World } from './world';

export interface ModelGivenUpStep extends GivingUp {
  readonly orderId: string;
  readonly sagaId: string;
}

export class GivenUpSteps {
  readonly table = new Table<ModelGivenUpStep>();

  constructor(private readonly outbox: Outbox) {}

  /** Who holds an order's row is in nobody's way here. */
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

/** When nothing is under way any more: one row for each order of which an operator has given up a step that was parked. */
export function wrongGivenUpSteps({ orders, witness: { decisions, perhapsLost } }: World): string[] {
  // The step that records a decision can itself be given up: then only the saga's history tells.
  if ([...decisions, ...perhapsLost].some(({ step }) => step === RECORDING)) return [];
  const perhaps = new Set(perhapsLost.map(inWords));
  const rows = orders.givenUp.table.all().map(inWords);
  const decided = decisions.map(inWords);
  const certain = (all: string[]) => all.filter((words) => !perhaps.has(words)).sort();
  return certain(rows).join() === certain(decided).join()
    ? []
    : [`given up is [${decided.join('; ')}], and recorded is [${rows.join('; ')}]`];
}

const RECORDING = 'record that it was given up';

function inWords({ sagaId, orderId, step, by, reason }: GivenUp): string {
  return `${step} of ${orderId} in ${sagaId} by ${by}: ${reason}`;
}
