/** The model of the order database: what the statements of activities/order.ts and activities/order-transitions.ts do. */
import type {
  ApproveOrder,
  ApproveResult,
  CancelOrder,
  CancelResult,
  CreatePendingResult,
  GiveUpOrder,
  GiveUpResult,
  OrderRequest,
  CancellationRequest,
  RequestCancellationResult,
  StepRequest,
} from '../../domain/contracts';
import { cancelSagaWorkflowId } from '../../domain/names';
import type { CancellationReason, OrderState } from '../../domain/order';
import { TRANSITIONS, type Transition } from '../../domain/order-transitions';
import { GivenUpSteps } from './given-up-steps';
import { busy, notThere, sameContent } from './model-answers';
import type { Attempt, OrderModelSteps } from './model-steps';
import { Table } from './model-table';
import { Outbox } from './outbox';

export interface ModelOrder extends OrderRequest {
  readonly sagaId: string;
  readonly state: OrderState;
  readonly reason: CancellationReason | null;
  readonly cancellationKey: string | null;
  readonly version: number;
}

export class OrderDatabase implements OrderModelSteps {
  readonly orders = new Table<ModelOrder>();

  readonly givenUp: GivenUpSteps;

  constructor(readonly outbox = new Outbox()) {
    this.givenUp = new GivenUpSteps(outbox);
  }

  createPendingOrders(
    { sagaId, items }: StepRequest<OrderRequest>,
    { transaction, held }: Attempt,
  ): CreatePendingResult[] {
    return items.map((asked): CreatePendingResult => {
      const { orderId } = asked;
      if (held.has(orderId) || this.orders.beingInserted(orderId, transaction)) return busy(orderId);
      const there = this.orders.seen(orderId, transaction);
      if (!there) {
        const { customerId, totalMinor, currency } = asked;
        const row: ModelOrder = {
          orderId,
          customerId,
          totalMinor,
          currency,
          sagaId,
          state: 'PENDING',
          reason: null,
          cancellationKey: null,
          version: 1,
        };
        this.orders.write(orderId, row, transaction);
        this.#record('OrderCreated', row, transaction);
        return { orderId, outcome: 'created' };
      }
      if (!sameContent(there, asked)) return { orderId, outcome: 'conflict' };
      if (!this.drives(sagaId, there)) return { orderId, outcome: 'owned-by-other', sagaId: there.sagaId };
      return { orderId, outcome: 'created' };
    });
  }

  approveOrders({ sagaId, items }: StepRequest<ApproveOrder>, attempt: Attempt): ApproveResult[] {
    return items.map((order): ApproveResult => {
      const { orderId } = order;
      const row = this.#move(sagaId, APPROVE, order, attempt);
      return row?.state === 'APPROVED' ? { orderId, outcome: 'approved' } : notThere(orderId, row, APPROVE);
    });
  }

  cancelOrders({ sagaId, items }: StepRequest<CancelOrder>, attempt: Attempt): CancelResult[] {
    return items.map((order): CancelResult => {
      const transitions = order.reason === 'CUSTOMER_REQUEST' ? FINISH_CANCELLATION : REFUSE;
      return cancelResult(order.orderId, this.#move(sagaId, transitions, order, attempt), transitions);
    });
  }

  requestCancellations(
    { sagaId, items }: StepRequest<CancellationRequest>,
    attempt: Attempt,
  ): RequestCancellationResult[] {
    return items.map((order): RequestCancellationResult => {
      const { orderId } = order;
      const asked = { reason: 'CUSTOMER_REQUEST', ...order } as const;
      const row = this.#move(sagaId, REQUEST_CANCELLATION, asked, attempt);
      if (row?.state === 'CANCELLING') return { orderId, outcome: 'cancelling' };
      return cancelResult(orderId, row, REQUEST_CANCELLATION);
    });
  }

  giveUpOrders(request: StepRequest<GiveUpOrder>, attempt: Attempt): GiveUpResult[] {
    return this.givenUp.record(request, attempt);
  }

  /** Whether the saga may act on the order as the one that created it. */
  protected drives(sagaId: string, order: ModelOrder): boolean {
    return order.sagaId === sagaId;
  }

  /** @returns the row as it is now; undefined when there is none, or the saga may not move it */
  #move(
    sagaId: string,
    transitions: readonly Transition[],
    asked: CancellationRequest & { readonly reason?: CancellationReason },
    { transaction, held }: Attempt,
  ): ModelOrder | undefined {
    const { orderId, reason: why = null, cancellationKey = null } = asked;
    const row = this.orders.seen(orderId, transaction);
    if (!row || !(this.drives(sagaId, row) || sagaId === cancelSagaWorkflowId(orderId))) return undefined;
    if (held.has(orderId) || this.orders.heldByOther(orderId, transaction)) return row;
    this.orders.hold(orderId, transaction);
    const transition = transitions.find(({ from }) => from === row.state);
    if (!transition) return row;
    const { to, event } = transition;
    const reason = to === 'CANCELLED' ? why : null;
    const key = row.cancellationKey ?? cancellationKey;
    const moved = { ...row, state: to, reason, cancellationKey: key, version: row.version + 1 };
    this.orders.write(orderId, moved, transaction);
    this.#record(event, moved, transaction);
    return moved;
  }

  #record(type: Transition['event'], row: ModelOrder, transaction: Attempt['transaction']): void {
    const { orderId, customerId, totalMinor: amountMinor, currency, state, reason, version } = row;
    const data = { orderId, customerId, amountMinor, currency, state, ...(reason !== null && { reason }) };
    this.outbox.record({ aggregateId: orderId, sequence: version, type, data }, transaction);
  }
}

const APPROVE = [TRANSITIONS.approve];
const REFUSE = [TRANSITIONS.cancel];
const FINISH_CANCELLATION = [TRANSITIONS.finishCancellation];
const REQUEST_CANCELLATION = [TRANSITIONS.cancelOnRequest, TRANSITIONS.requestCancellation];

function cancelResult(
  orderId: string,
  row: ModelOrder | undefined,
  transitions: readonly Transition[],
): CancelResult {
  return row?.state === 'CANCELLED' && row.reason !== null
    ? { orderId, outcome: 'cancelled', reason: row.reason }
    : notThere(orderId, row, transitions);
}
