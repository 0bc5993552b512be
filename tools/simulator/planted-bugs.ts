/**
 * Bugs that sagas are known for, each planted in a copy: in the model of a database, or in the sagas' own compiled
 * code. A simulator that finds all of them would find them in the product too.
 */
import type { OrderRequest, ReserveResult } from '../../domain/contracts';
import { CustomerDatabase, type ModelReservation } from './customer-database';
import type { Edit } from './load-workflows';
import { busy } from './model-answers';
import type { Attempt } from './model-steps';
import type { Transaction } from './model-table';
import { OrderDatabase } from './order-database';
import { type NewEvent, Outbox, type OutboxEvent, Relay } from './outbox';
import { type CreateOrder, type Protocol, productProtocol } from './protocols';

export interface PlantedBug {
  readonly words: string;
  readonly protocol: () => Protocol;
}

const SUBJECT = 'saga/workflow/subject-run.js';
const NOTED = 'this.#journal.note({ activity, answer });';

const REGISTERED_LATE: readonly Edit[] = [
  { file: SUBJECT, from: 'if (undo)\n            this.#undos.push(undo);', to: '' },
  // Only an answer registers it: one that is lost does not.
  {
    file: SUBJECT,
    from: NOTED,
    to: `if (undo && !['timed-out', 'failed'].includes(answer.outcome)) this.#undos.push(undo); ${NOTED}`,
  },
];

const RESERVE = 'const credit = await saga.step(order_steps_1.reserveCredit, order, {';
const APPROVED_FIRST: readonly Edit[] = [
  {
    file: 'workflows/create-order-saga.js',
    from: RESERVE,
    to: `await saga.step(order_steps_1.approveOrder, { orderId }); ${RESERVE}`,
  },
];

const CANCEL_FORGOTTEN: readonly Edit[] = [
  {
    file: 'saga/workflow/saga-run.js',
    from: 'cancelRequested: this.#cancelRequested,',
    to: 'cancelRequested: false,',
  },
];

const UNBOUNDED: readonly Edit[] = [
  {
    file: 'saga/workflow/event-count.js',
    from: 'return this.#events > limits_1.CONTINUE_AFTER_EVENTS;',
    to: 'return false;',
  },
];

const NOT_RELEASED: readonly Edit[] = [
  { file: 'workflows/cancel-order-saga.js', from: "if (reason === 'CUSTOMER_REQUEST')", to: 'if (!reason)' },
];

const ALL_AT_ONCE: readonly Edit[] = [
  { file: 'saga/workflow/serialize-results.js', from: 'await this.#turn();', to: '' },
];

class WithoutTombstones extends CustomerDatabase {
  protected override bury(): void {
    // Nothing is held, so nothing is written: a reserve that comes later finds no trace of the release.
  }
}

class ReservingAgain extends CustomerDatabase {
  protected override reservedBefore(
    asked: OrderRequest,
    there: ModelReservation,
    attempt: Attempt,
  ): ReserveResult {
    const { customerId, totalMinor } = asked;
    if (there.status === 'RESERVED' && !this.customers.heldByOther(customerId, attempt.transaction))
      this.charge(customerId, totalMinor, attempt.transaction);
    return super.reservedBefore(asked, there, attempt);
  }
}

class WithoutOwners extends OrderDatabase {
  protected override drives(): boolean {
    return true;
  }
}

/** Writes the events when the process knows of the commit, in a transaction of their own. */
class OutsideOutbox extends Outbox {
  readonly #later = new Map<Transaction, NewEvent[]>();

  override record(event: NewEvent, transaction: Transaction): void {
    this.#later.set(transaction, [...(this.#later.get(transaction) ?? []), event]);
  }

  override afterCommit(transaction: Transaction): void {
    for (const event of this.#later.get(transaction) ?? []) this.insert(event, transaction);
    this.#later.delete(transaction);
  }
}

class RelayByLastId extends Relay {
  #lastId = 0;

  override next(): OutboxEvent[] {
    return super.next().filter(({ id }) => id > this.#lastId);
  }

  override publish(): void {
    const lastId = this.next().at(-1)?.id;
    super.publish();
    this.#lastId = lastId ?? this.#lastId;
  }
}

/** Goes on as if each step had been answered with its straight outcome. */
const whateverTheAnswer =
  (run: CreateOrder): CreateOrder =>
  (order, saga) =>
    run(order, {
      ...saga,
      step: (...[step, item]: Parameters<typeof saga.step>) =>
        saga.step(step, item).catch(() => ({ outcome: step.straight ?? '' })),
    });

export const PLANTED_BUGS: readonly PlantedBug[] = [
  { words: 'compensation registered after its step', protocol: () => productProtocol(REGISTERED_LATE) },
  { words: 'no tombstone', protocol: withCustomers(() => new WithoutTombstones()) },
  { words: 'non-idempotent reserve', protocol: withCustomers(() => new ReservingAgain()) },
  { words: 'approve before reserve', protocol: () => productProtocol(APPROVED_FIRST) },
  {
    words: 'two sagas driving one order (ownership ignored)',
    protocol: () => ({ ...productProtocol(), orderDatabase: () => new WithoutOwners() }),
  },
  {
    words: "a group's step that fails all for one",
    protocol: () => ({
      ...productProtocol(),
      attempt: (call, steps, held) => {
        call.begin(steps, held.size > 0 ? new Set(call.step.orderIds) : held);
        if (held.size > 0) call.answer = call.step.orderIds.map(busy);
      },
    }),
  },
  {
    words: 'outbox outside the transaction',
    protocol: () => ({
      ...productProtocol(),
      orderDatabase: () => new OrderDatabase(new OutsideOutbox()),
      customerDatabase: () => new CustomerDatabase(new OutsideOutbox()),
    }),
  },
  {
    words: 'relay by "id > last"',
    protocol: () => ({ ...productProtocol(), relay: (outbox) => new RelayByLastId(outbox) }),
  },
  {
    words: "a saga that continues as new forgets Temporal's Cancel",
    protocol: () => productProtocol(CANCEL_FORGOTTEN),
  },
  {
    words: 'the cancellation of a PENDING order leaves its credit alone',
    protocol: () => productProtocol(NOT_RELEASED),
  },
  {
    words: 'a cancellation is confirmed before its row',
    protocol: () => ({ ...productProtocol(), confirmsAtOnce: true }),
  },
  {
    words: 'a fast path that goes on whatever the answer',
    protocol: () => ({ ...productProtocol(), onFastPath: whateverTheAnswer }),
  },
  { words: 'a wait without a bound', protocol: () => productProtocol(UNBOUNDED) },
  {
    words: 'a saga that is replayed takes the results of two steps at once',
    protocol: () => productProtocol(ALL_AT_ONCE),
  },
];

function withCustomers(customerDatabase: () => CustomerDatabase): () => Protocol {
  return () => ({ ...productProtocol(), customerDatabase });
}
