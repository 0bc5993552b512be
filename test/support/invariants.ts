/** The invariants over both services' databases, when all is quiet: what does not hold, in words. */
import { rowsOf, type TestDatabases } from './databases';

interface OrderRow {
  readonly id: string;
  readonly customer: string;
  readonly total: string;
  readonly currency: string;
  readonly state: string;
  readonly reason: string | null;
  readonly version: number;
}

interface ReservationRow {
  readonly order: string;
  readonly customer: string;
  readonly amount: string;
  readonly status: string;
}

interface EventRow {
  readonly subject: string;
  readonly sequence: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export async function violations({ adminOrderUrl, adminCustomerUrl }: TestDatabases): Promise<string[]> {
  const orders = await read<OrderRow>(
    adminOrderUrl,
    `SELECT id, customer_id AS customer, total_minor AS total, currency, state, cancellation_reason AS reason, version FROM orders`,
  );
  const reservations = await read<ReservationRow>(
    adminCustomerUrl,
    `SELECT order_id AS order, customer_id AS customer, amount_minor AS amount, status FROM credit_reservations`,
  );
  const events =
    'SELECT aggregate_id AS subject, sequence, type, data FROM outbox ORDER BY aggregate_id, sequence';
  return [
    ...(await wrongSums(adminCustomerUrl)),
    ...orders.flatMap((order) => wrongOrder(order, reservations)),
    ...wrongStory(
      await read<EventRow>(adminOrderUrl, events),
      new Map(orders.map((order) => [order.id, order])),
    ),
    ...wrongCredit(await read<EventRow>(adminCustomerUrl, events), reservations),
  ];
}

async function read<Row>(url: string, text: string): Promise<Row[]> {
  return (await rowsOf(url, text)) as Row[];
}

/** 1: reserved is the sum of the active reservations (that it is within the limit, a CHECK says). */
async function wrongSums(url: string): Promise<string[]> {
  const rows = await rowsOf(
    url,
    `SELECT c.id, c.reserved_minor, coalesce(sum(r.amount_minor), 0) AS held FROM customers c
     LEFT JOIN credit_reservations r ON r.customer_id = c.id AND r.status = 'RESERVED'
     GROUP BY c.id HAVING c.reserved_minor <> coalesce(sum(r.amount_minor), 0)`,
  );
  return rows.map((row) => `customer ${String(row['id'])}: reserved is not the sum of its reservations`);
}

/** 2 and 3: every order is terminal; APPROVED holds exactly its amount, CANCELLED nothing. */
function wrongOrder({ id, customer, total, state }: OrderRow, all: readonly ReservationRow[]): string[] {
  const held = all.filter(({ order, status }) => order === id && status === 'RESERVED');
  if (state === 'CANCELLED') return held.length === 0 ? [] : [`order ${id} is CANCELLED and holds credit`];
  if (state !== 'APPROVED') return [`order ${id} is ${state}`];
  const [one] = held;
  return held.length === 1 && one?.amount === total && one.customer === customer
    ? []
    : [`order ${id} is APPROVED and does not hold its amount`];
}

/** 5: folding an order's events gives its row. */
function wrongStory(events: readonly EventRow[], orders: ReadonlyMap<string, OrderRow>): string[] {
  const told = new Map<string, { state: unknown; reason: unknown; sequence: number }>();
  const wrong: string[] = [];
  for (const { subject, sequence, type, data } of events) {
    if (sequence !== (told.get(subject)?.sequence ?? 0) + 1)
      wrong.push(`order ${subject}: a gap before ${type}`);
    told.set(subject, { state: data['state'], reason: data['reason'] ?? null, sequence });
  }
  for (const { id, state, reason, version } of orders.values()) {
    const story = told.get(id);
    if (story?.state !== state || story.reason !== reason || story.sequence !== version)
      wrong.push(`order ${id}: its events tell another story than its row`);
  }
  if (told.size !== orders.size) wrong.push('there are events of orders that do not exist');
  return wrong;
}

function wrongCredit(events: readonly EventRow[], reservations: readonly ReservationRow[]): string[] {
  const told = new Map<string, string>();
  const ends = new Map([
    ['CreditReserved', 'RESERVED'],
    ['CreditReleased', 'RELEASED'],
  ]);
  for (const { subject, type } of events) {
    if (type !== 'CustomerCreated') told.set(subject, ends.get(type) ?? 'REJECTED');
  }
  return reservations
    .filter(({ order, status }) => told.get(order) !== status)
    .map(({ order }) => `reservation ${order}: its events tell another story than its row`);
}
