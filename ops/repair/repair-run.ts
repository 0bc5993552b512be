/** Repairs violations by running sagas again and by rebuilding the order history; lists the violations that need an operator. */
import type { Client } from '@temporalio/client';
import type { Config } from '../../platform/config';
import { createHistoryDatabase } from '../../prisma/history/client';
import { readAsOf } from '../../projections/order-history/read';
import { rebuildView } from '../../projections/order-history/rebuild';
import { audit } from '../audit/audit';
import { orderFacts } from '../audit/facts';
import { historyDatabaseUrl, type OpenDatabases } from '../databases';
import { serviceSnapshot } from '../service-snapshot';
import { canBeRun, planRepairs, type Repair } from './repair-plan';
import { brokenSagas, runSaga, sagaIdOf, startAgain } from './saga-reruns';

const START = { done: 'started again' };
const REBUILD = { done: "rebuilt from the services' rows" };

export class RepairRun {
  readonly counts = { repaired: 0, repairable: 0, manual: 0 };
  /** Sagas that the repair has started again, or would start. */
  readonly #sagas = new Set<string>();

  constructor(
    private readonly config: Config,
    private readonly client: Client,
    private readonly databases: OpenDatabases,
    private readonly apply: boolean,
    private readonly graceMs: number | undefined,
  ) {}

  /** Starts the sagas that were terminated, or timed out, according to Temporal. */
  async repairBrokenSagas(): Promise<void> {
    for await (const saga of brokenSagas(this.client)) {
      const { sagaId, status, orderIds } = saga;
      // If an order of a group needs an operator, the audit finds the group's other orders.
      if (!(await orderFacts(this.databases, orderIds)).every(canBeRun)) continue;
      this.#sagas.add(sagaId);
      await this.#start(`${sagaId}: ${status}`, () => startAgain(this.client, saga));
    }
  }

  /** Repairs the violations in the databases: orders whose saga is lost, or has ended before they were final. */
  async repairViolations(): Promise<void> {
    const { databases, client } = this;
    const { violations, invariants } = await audit({ databases, client }, { graceMs: this.graceMs });
    const ids = [...new Set(violations.map(({ subject }) => subject))];
    const facts = await orderFacts(databases, ids);
    const { repairs, manual } = planRepairs(violations, new Map(facts.map((each) => [each.id, each])));
    for (const { subject, words } of manual) this.#manual(`${subject}: ${words}`);
    for (const repair of repairs) await this.#repair(repair);
    const isIncomplete = databases.history && !(await readAsOf(databases.history)).complete;
    if (isIncomplete === true && !repairs.some(({ kind }) => kind === 'view'))
      await this.#repair({ kind: 'view' });
    const found = Object.values(invariants).reduce((sum, { violated }) => sum + violated, 0);
    const more = found - violations.length;
    if (more > 0)
      this.#manual(`${String(more)} more violations than the audit lists: run npm run repair again`);
  }

  async #repair(repair: Repair): Promise<void> {
    if (repair.kind === 'view') {
      await this.#start(
        'the order history: differs from the services, or lacks pruned events',
        () => this.#readServices(),
        REBUILD,
      );
      return;
    }
    const sagaId = sagaIdOf(repair);
    if (this.#sagas.has(sagaId)) return;
    const orders = repair.kind === 'create' ? repair.orders.length : 1;
    const { SERVICES, CREDIT_CHECK_TIMEOUT_MS, ATTENTION_AFTER_MS } = this.config;
    await this.#start(`${sagaId}: does not run, and ${String(orders)} of its orders need it`, () =>
      runSaga(this.client, repair, {
        placement: SERVICES.includes('customer') ? 'colocated' : 'distributed',
        parkAfterMs: ATTENTION_AFTER_MS,
        settings: { creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS },
      }),
    );
  }

  /** The order history starts from the services' own rows, and applies the events after them. */
  async #readServices(): Promise<true> {
    const history = createHistoryDatabase(historyDatabaseUrl(this.config));
    await rebuildView(history, () => undefined, serviceSnapshot(this.databases));
    await history.$disconnect();
    return true;
  }

  /** @param start returns false when the saga runs again already */
  async #start(words: string, start: () => Promise<boolean>, wording = START): Promise<void> {
    if (!this.apply) {
      this.counts.repairable += 1;
      console.log(`${words}; would be ${wording.done}`);
      return;
    }
    const started = await start();
    if (started) this.counts.repaired += 1;
    console.log(`${words}; ${started ? wording.done : 'runs again already'}`);
  }

  #manual(words: string): void {
    this.counts.manual += 1;
    console.log(words);
  }
}
