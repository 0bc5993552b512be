/** Bugs that sagas are known for, each planted in a copy of the product that runs for real. */
import type { Edit } from '../local/text-edits';

export interface PlantedBug {
  readonly words: string;
  /** Of compiled files, by path below `dist`. */
  readonly code?: Readonly<Record<string, readonly Edit[]>>;
  /** Seen while one thing hangs: it is found without the faults that come after that. */
  readonly whileOneThingHangs?: true;
  /** Of a function in the customer database. */
  readonly sql?: { readonly name: string; readonly edits: readonly Edit[] };
}

/** Of an order's cancellation, by the row that decides it. */
const DECIDED_BY_THE_ROW = `const order = await waitForDecision(deps, before, expectation, decideUntil, signal);
        requireOwnCancellation(order, cancellationKey);`;

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    words: 'a step of an order does not look at its state',
    code: {
      'activities/order-transitions.js': [
        { from: 'WHERE o.id = h.id AND o.state = t.from_state', to: 'WHERE o.id = h.id' },
      ],
    },
  },
  {
    words: 'a reserve that comes again charges again',
    sql: {
      name: 'reserve_credit',
      edits: [
        { from: 'WHERE NOT o.order_id = ANY (existing) AND NOT', to: 'WHERE NOT' },
        {
          from: 'FROM inserted i\n              WHERE',
          to: 'FROM (SELECT customer_id, amount AS amount_minor, status FROM decided) i\n              WHERE',
        },
      ],
    },
  },
  {
    words: 'a release without a tombstone',
    sql: {
      name: 'release_credit',
      edits: [
        { from: 'FROM asked a ORDER BY a.order_id', to: 'FROM asked a WHERE false ORDER BY a.order_id' },
        {
          from: `OR r.order_id IS NULL THEN 'busy'`,
          to: `THEN 'busy' WHEN r.order_id IS NULL THEN 'released'`,
        },
      ],
    },
  },
  {
    words: 'a saga that waits keeps its place',
    whileOneThingHangs: true,
    code: {
      'saga/host/group-pace.js': [
        { from: 'return this.#share(PLACE_SHARE, PLACE_MS);', to: 'return 86_400_000;' },
        { from: 'const PLACE_MS = 1_000;', to: 'const PLACE_MS = 86_400_000;' },
      ],
    },
  },
  {
    words: 'a cancellation is accepted before its row is committed',
    whileOneThingHangs: true,
    code: {
      'api/orders/cancel-order.js': [
        { from: DECIDED_BY_THE_ROW, to: `const order = { ...before, state: 'CANCELLING' };` },
      ],
    },
  },
  {
    words: 'a wait without a bound',
    whileOneThingHangs: true,
    code: {
      'workflow-bundle.js': [
        { from: 'exports.CONTINUE_AFTER_EVENTS = 200;', to: 'exports.CONTINUE_AFTER_EVENTS = Infinity;' },
        { from: 'exports.PAUSE_GROWTH = 2;', to: 'exports.PAUSE_GROWTH = 1;' },
        { from: 'scheduleToCloseTimeout: windowMs,', to: 'scheduleToCloseTimeout: 100,' },
      ],
    },
  },
  {
    words: 'an order that is withdrawn is started all the same',
    whileOneThingHangs: true,
    code: {
      'saga/host/group-starter.js': [
        { from: 'withdraw = () => line.remove(waiting);', to: 'withdraw = () => true;' },
      ],
    },
  },
];
