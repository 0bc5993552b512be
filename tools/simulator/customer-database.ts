/** The model of the customer database: what the functions `reserve_credit` and `release_credit` do. */
import type { OrderRequest, ReleaseResult, ReserveResult, StepRequest } from '../../domain/contracts';
import type { CustomerEvents } from '../../domain/events';
import type { CreditRejectionReason } from '../../domain/order';
import { busy, sameContent } from './model-answers';
import type { Attempt, CreditModelSteps } from './model-steps';
import { Outbox } from './outbox';
import { Table, Transaction } from './model-table';

export interface ModelCustomer {
  readonly customerId: string;
  /** Minor units of `currency`, as is `reservedMinor`. */
  readonly limitMinor: number;
  readonly reservedMinor: number;
  readonly currency: string;
}

export interface ModelReservation extends OrderRequest {
  readonly sagaId: string;
  readonly status: 'RESERVED' | 'RELEASED' | 'REJECTED';
  readonly reason: CreditRejectionReason | null;
  readonly version: number;
}

export class CustomerDatabase implements CreditModelSteps {
  readonly customers = new Table<ModelCustomer>();
  readonly reservations = new Table<ModelReservation>();

  constructor(readonly outbox = new Outbox()) {}

  open(customer: Omit<ModelCustomer, 'reservedMinor'>): void {
    const opening = new Transaction();
    this.customers.write(customer.customerId, { reservedMinor: 0, ...customer }, opening);
    opening.commit();
  }

  reserveCredit({ sagaId, items }: StepRequest<OrderRequest>, attempt: Attempt): ReserveResult[] {
    const { transaction } = attempt;
    return items.map((asked): ReserveResult => {
      const { orderId, customerId } = asked;
      const there = this.reservations.seen(orderId, transaction);
      if (there) return this.reservedBefore(asked, there, attempt);
      if (this.#isBusy(asked, attempt)) return busy(orderId);
      this.customers.hold(customerId, transaction);
      const reason = refusal(asked, this.customers.seen(customerId, transaction));
      if (reason === null) this.charge(customerId, asked.totalMinor, transaction);
      const status = reason === null ? 'RESERVED' : 'REJECTED';
      this.reservations.write(
        orderId,
        { sagaId, status, reason, version: 1, ...contentOf(asked) },
        transaction,
      );
      this.#record(eventOf(reason), asked, 1, reason === null ? {} : { reason }, transaction);
      return reason === null ? { orderId, outcome: 'reserved' } : { orderId, outcome: 'rejected', reason };
    });
  }

  releaseCredit({ sagaId, items }: StepRequest<OrderRequest>, attempt: Attempt): ReleaseResult[] {
    const { transaction } = attempt;
    return items.map((asked): ReleaseResult => {
      const { orderId, customerId } = asked;
      if (this.#isBusy(asked, attempt)) return busy(orderId);
      this.customers.hold(customerId, transaction);
      const there = this.reservations.seen(orderId, transaction);
      if (!there) {
        this.bury(sagaId, asked, transaction);
        return { orderId, outcome: 'released' };
      }
      if (!sameContent(there, asked)) return { orderId, outcome: 'conflict' };
      if (there.status === 'RESERVED') {
        const version = there.version + 1;
        this.reservations.write(orderId, { ...there, status: 'RELEASED', version }, transaction);
        this.charge(customerId, -asked.totalMinor, transaction);
        this.#record('CreditReleased', asked, version, { heldMinor: asked.totalMinor }, transaction);
      }
      return { orderId, outcome: 'released' };
    });
  }

  /** The answer to a request that was decided before, which changes nothing. */
  protected reservedBefore(asked: OrderRequest, there: ModelReservation, _attempt: Attempt): ReserveResult {
    const { orderId } = asked;
    if (!sameContent(there, asked)) return { orderId, outcome: 'conflict' };
    if (there.reason !== null) return { orderId, outcome: 'rejected', reason: there.reason };
    return { orderId, outcome: there.status === 'RESERVED' ? 'reserved' : 'released' };
  }

  /** The tombstone of an order that holds nothing: a reserve that comes later loses. */
  protected bury(sagaId: string, asked: OrderRequest, transaction: Transaction): void {
    const tombstone = { sagaId, status: 'RELEASED', reason: null, version: 1, ...contentOf(asked) } as const;
    this.reservations.write(asked.orderId, tombstone, transaction);
    this.#record('CreditReleased', asked, 1, { heldMinor: 0 }, transaction);
  }

  protected charge(customerId: string, amountMinor: number, transaction: Transaction): void {
    const customer = this.customers.seen(customerId, transaction);
    if (!customer) return;
    const reservedMinor = customer.reservedMinor + amountMinor;
    this.customers.write(customerId, { ...customer, reservedMinor }, transaction);
  }

  #isBusy({ orderId, customerId }: OrderRequest, { transaction, held }: Attempt): boolean {
    return (
      held.has(orderId) ||
      this.customers.heldByOther(customerId, transaction) ||
      this.reservations.heldByOther(orderId, transaction)
    );
  }

  #record(
    type: keyof CustomerEvents,
    { orderId, customerId, totalMinor: amountMinor, currency }: OrderRequest,
    sequence: number,
    more: Readonly<Record<string, unknown>>,
    transaction: Transaction,
  ): void {
    const data = { orderId, customerId, amountMinor, currency, ...more };
    this.outbox.record({ aggregateId: orderId, sequence, type, data }, transaction);
  }
}

function contentOf({ orderId, customerId, totalMinor, currency }: OrderRequest): OrderRequest {
  return { orderId, customerId, totalMinor, currency };
}

function refusal(asked: OrderRequest, customer: ModelCustomer | undefined): CreditRejectionReason | null {
  if (!customer) return 'UNKNOWN_CUSTOMER';
  if (customer.currency !== asked.currency) return 'CURRENCY_MISMATCH';
  return asked.totalMinor > customer.limitMinor - customer.reservedMinor ? 'INSUFFICIENT_CREDIT' : null;
}

function eventOf(reason: CreditRejectionReason | null): keyof CustomerEvents {
  if (reason === null) return 'CreditReserved';
  return reason === 'INSUFFICIENT_CREDIT' ? 'CreditLimitExceeded' : 'CreditRejected';
}
