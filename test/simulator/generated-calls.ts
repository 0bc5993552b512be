/** Calls of steps that no saga would make, and those that one would: by any saga, with any content. */
import fc from 'fast-check';
import type { CancelOrder, GiveUpOrder } from '../../domain/contracts';
import { cancelSagaWorkflowId } from '../../domain/names';
import { CANCELLATION_REASONS } from '../../domain/order';
import type { CustomerDatabase } from '../../tools/simulator/customer-database';
import type { StepName, StepResult } from '../../tools/simulator/model-steps';
import type { OrderDatabase } from '../../tools/simulator/order-database';
import { simulatedId, simulatedOrder, simulatedUuid } from '../../tools/simulator/scenario';
import { Transaction } from '../../tools/simulator/model-table';
import type { RealSteps } from './recorded-run';

export interface Call {
  readonly step: StepName;
  readonly sagaId: string;
  readonly items: readonly (CancelOrder & GiveUpOrder)[];
  /** Rows that somebody else holds meanwhile; ids. */
  readonly holding: { readonly order: string | undefined; readonly customer: string | undefined };
}

const NUMBERS = [1, 2, 3];

/** Weighted so that most orders have one content and one saga, and lists get somewhere. */
function mostly<Value>(usual: Value, ...others: Value[]): fc.Arbitrary<Value> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

const content = fc.record({
  totalMinor: mostly(4_000, 10_001, 9_000),
  customer: mostly(1, 2, 9),
  currency: mostly('USD', 'EUR'),
  reason: fc.constantFrom(...CANCELLATION_REASONS),
  cancellationKey: fc.constantFrom(undefined, simulatedId(2, 99)),
  decision: fc.constantFrom('one', 'other'),
});

const call: fc.Arbitrary<Call> = fc
  .record({
    step: fc.constantFrom<StepName>(
      ...(['createPendingOrders', 'approveOrders', 'cancelOrders'] as const),
      ...(['requestCancellations', 'reserveCredit', 'releaseCredit'] as const),
      'giveUpOrders',
      // More of these two: an order that is approved and then cancelled is rarely drawn.
      ...(['approveOrders', 'requestCancellations'] as const),
    ),
    saga: mostly('saga one', 'saga two', 'that cancels'),
    numbers: fc.shuffledSubarray(NUMBERS, { minLength: 1 }),
    contents: fc.array(content, { minLength: NUMBERS.length, maxLength: NUMBERS.length }),
    held: fc.constantFrom({ order: 0, customer: 0 }, { order: 1, customer: 1 }, { order: 2, customer: 2 }),
  })
  .map(({ step, saga, numbers, contents, held }) => {
    const [first = 1] = numbers;
    return {
      step,
      // The saga that cancels one order asks for that one only.
      sagaId: saga === 'that cancels' ? cancelSagaWorkflowId(simulatedId(2, first)) : saga,
      items: numbers.map((number, index) => {
        const { customer = 1, decision = '', ...more } = contents[index] ?? {};
        return {
          reason: 'CUSTOMER_REQUEST',
          givingUp: {
            id: simulatedUuid(`${decision} ${String(number)}`),
            step: 'approve',
            by: 'Grace',
            reason: decision,
            at: '2026-11-23T00:00:00.000Z',
          },
          ...simulatedOrder(number, { customerId: simulatedId(1, customer) }),
          ...more,
        };
      }),
      holding: {
        order: held.order === 0 ? undefined : simulatedId(2, held.order),
        customer: held.customer === 0 ? undefined : simulatedId(1, held.customer),
      },
    };
  });

export const calls: fc.Arbitrary<Call[]> = fc.array(call, { minLength: 4, maxLength: 14, size: 'max' });

export function askModel(
  { step, ...request }: Call,
  orders: OrderDatabase,
  customers: CustomerDatabase,
): readonly StepResult[] {
  const transaction = new Transaction();
  const attempt = { transaction, held: new Set<string>() };
  const asked = {
    createPendingOrders: () => orders.createPendingOrders(request, attempt),
    approveOrders: () => orders.approveOrders(idsOnly(request), attempt),
    cancelOrders: () => orders.cancelOrders(request, attempt),
    requestCancellations: () => orders.requestCancellations(idsOnly(request), attempt),
    giveUpOrders: () => orders.giveUpOrders(request, attempt),
    reserveCredit: () => customers.reserveCredit(request, attempt),
    releaseCredit: () => customers.releaseCredit(request, attempt),
  }[step]();
  transaction.commit();
  return asked;
}

export function askProduct({ step, ...request }: Call, steps: RealSteps): Promise<readonly StepResult[]> {
  return {
    createPendingOrders: () => steps.createPendingOrders(request),
    approveOrders: () => steps.approveOrders(idsOnly(request)),
    cancelOrders: () => steps.cancelOrders(request),
    requestCancellations: () => steps.requestCancellations(idsOnly(request)),
    giveUpOrders: () => steps.giveUpOrders(request),
    reserveCredit: () => steps.reserveCredit(request),
    releaseCredit: () => steps.releaseCredit(request),
  }[step]();
}

function idsOnly({ sagaId, items }: Omit<Call, 'step'>) {
  return { sagaId, items: items.map(({ orderId }) => ({ orderId })) };
}
