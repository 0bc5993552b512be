/** The model of a service's outbox and of the relay that publishes it: ids are given before the commit, positions after it. */
import type { DomainEvents } from '../../domain/events';
import type { Transaction } from './model-table';

export interface NewEvent {
  readonly aggregateId: string;
  readonly sequence: number;
  readonly type: keyof DomainEvents;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface OutboxEvent extends NewEvent {
  /** From the sequence: in the order in which the statements ran, which is not that of their commits. */
  readonly id: number;
  readonly transaction: Transaction;
  /** In the feed; undefined until the relay has published it. */
  position: number | undefined;
}

export class Outbox {
  readonly events: OutboxEvent[] = [];

  /** As part of the statement: committed with its transaction, or not at all. */
  record(event: NewEvent, transaction: Transaction): void {
    this.insert(event, transaction);
  }

  /** Called when the process that ran the statement knows of its commit; never when the process died before. */
  afterCommit(_transaction: Transaction): void {
    // The product wakes its relay here; the model's relay has its turns anyway.
  }

  protected insert(event: NewEvent, transaction: Transaction): void {
    // What is new stands before what is copied: in Node 20 each property behind a copy takes a microsecond.
    const id = this.events.length + 1;
    this.events.push({ id, transaction, position: undefined, ...event });
  }

  /** What a relay can see: committed, and without a position. */
  get unpublished(): OutboxEvent[] {
    return this.events.filter(({ transaction, position }) => !transaction.open && position === undefined);
  }
}

export class Relay {
  protected lastPosition = 0;

  constructor(protected readonly outbox: Outbox) {}

  /** One statement of the relay: publishes what it sees. */
  publish(): void {
    for (const event of this.next()) {
      this.lastPosition += 1;
      event.position = this.lastPosition;
    }
  }

  /** What the next turn would publish, in the order of the ids. */
  next(): OutboxEvent[] {
    return this.outbox.unpublished;
  }
}
