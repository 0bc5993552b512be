/** A run of the simulator as the statements that it ran, to be run again on real databases. */
import type { CreditSteps, OrderSteps } from '../../domain/contracts';
import { CustomerDatabase } from '../../tools/simulator/customer-database';
import { DrawnChoices } from '../../tools/simulator/choices';
import { runInterleaving } from '../../tools/simulator/interleaving';
import type { ModelSteps, StepResult } from '../../tools/simulator/model-steps';
import { OrderDatabase } from '../../tools/simulator/order-database';
import { type Protocol, productProtocol } from '../../tools/simulator/protocols';
import type { Scenario } from '../../tools/simulator/scenario';

export type RealSteps = OrderSteps & CreditSteps;

interface RecordedStatement {
  /** For people. */
  readonly words: string;
  readonly expected: readonly StepResult[];
  readonly again: (steps: RealSteps) => Promise<readonly StepResult[]>;
}

export interface RecordedRun {
  readonly statements: readonly RecordedStatement[];
  readonly orders: OrderDatabase;
  readonly customers: CustomerDatabase;
  /** Whether each statement ran by itself, on rows that nobody held: only then it can be run again alone. */
  readonly alone: boolean;
}

export async function recordRun(scenario: Scenario, bytes: Uint8Array): Promise<RecordedRun> {
  const orders = new OrderDatabase();
  const customers = new CustomerDatabase();
  const statements: RecordedStatement[] = [];
  let alone = true;
  const protocol: Protocol = {
    ...productProtocol(),
    orderDatabase: () => orders,
    customerDatabase: () => customers,
    attempt: (call, steps, held) => {
      let again: RecordedStatement['again'] | undefined;
      call.begin(
        observed(steps, (next) => {
          again = next;
        }),
        held,
      );
      if (again) statements.push({ words: call.words, expected: call.answer ?? [], again });
      alone &&= held.size === 0;
    },
  };
  await runInterleaving(protocol, scenario, new DrawnChoices(bytes), ({ words }) => {
    alone &&= !words().endsWith('begins its transaction');
  });
  return { statements, orders, customers, alone };
}

/** The model's steps, which also record how to run the same request on the real steps. */
function observed(steps: ModelSteps, record: (again: RecordedStatement['again']) => void): ModelSteps {
  return {
    createPendingOrders: (request, attempt) => {
      record((real) => real.createPendingOrders(request));
      return steps.createPendingOrders(request, attempt);
    },
    approveOrders: (request, attempt) => {
      record((real) => real.approveOrders(request));
      return steps.approveOrders(request, attempt);
    },
    cancelOrders: (request, attempt) => {
      record((real) => real.cancelOrders(request));
      return steps.cancelOrders(request, attempt);
    },
    requestCancellations: (request, attempt) => {
      record((real) => real.requestCancellations(request));
      return steps.requestCancellations(request, attempt);
    },
    giveUpOrders: (request, attempt) => {
      record((real) => real.giveUpOrders(request));
      return steps.giveUpOrders(request, attempt);
    },
    reserveCredit: (request, attempt) => {
      record((real) => real.reserveCredit(request));
      return steps.reserveCredit(request, attempt);
    },
    releaseCredit: (request, attempt) => {
      record((real) => real.releaseCredit(request));
      return steps.releaseCredit(request, attempt);
    },
  };
}
