/** Puts right what running a saga again, or following the events again, puts right; lists the rest. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { audit } from '../audit/audit';
import { orderFacts } from '../audit/facts';
import { isViewBehind } from '../audit/view-progress';
import { cancelSagaWorkflowId } from '../domain/names';
import { followFromTheStart } from '../history/refollow';
import { rebuildView } from '../history/rebuild';
import type { Config } from '../platform/config';
import { createHistoryDatabase } from '../prisma/history/client';
import { historyDatabaseUrl, type OpenDatabases } from './databases';
import { brokenSagas, runSaga, sagaIdOf, startAgain } from './repair';
import { planRepairs, type Repair } from './repair-plan';

/** 60 s: some hundred thousand events. */
const FOLLOWED_WITHIN_MS = 60_000;
const FOLLOWED_POLL_MS = 500;

export class Repairing {
  readonly counts = { repaired: 0, repairable: 0, forAPerson: 0 };
  /** Sagas that have been started again, or would be. */
  readonly #sagas = new Set<string>();

  constructor(
    private readonly config: Config,
    private readonly client: Client,
    private readonly databases: OpenDatabases,
    private readonly apply: boolean,
    private readonly graceMs: number | undefined,
  ) {}

  /** What Temporal knows: sagas that were terminated, ran out of time, or failed. */
  async sagasThatBroke(): Promise<void> {
    for await (const saga of brokenSagas(this.client)) {
      const { sagaId, status, repairable } = saga;
      if (repairable) {
        this.#sagas.add(sagaId);
        await this.#do(`${sagaId}: ${status}`, () => startAgain(this.client, saga));
      } else this.#forAPerson(`${sagaId}: ${status}; look at its failure in the Temporal UI`);
    }
  }

  /** What the databases know: orders whose saga is lost, or is done though they are not. */
  async whatTheAuditFinds(): Promise<void> {
    const { databases, client } = this;
    const { violations } = await audit({ databases, client }, { graceMs: this.graceMs });
    const ids = [...new Set(violations.map(({ subject }) => subject))];
    const facts = await orderFacts(databases, ids);
    const left = facts.filter(
      ({ id, order }) =>
        !this.#sagas.has(cancelSagaWorkflowId(id)) && !(order && this.#sagas.has(order.sagaId)),
    );
    const { repairs, forAPerson } = planRepairs(violations, new Map(left.map((each) => [each.id, each])));
    const underWay = new Set(ids.filter((id) => !left.some((each) => each.id === id)));
    for (const { subject, words } of forAPerson)
      if (!underWay.has(subject)) this.#forAPerson(`${subject}: ${words}`);
    for (const repair of repairs) await this.#repair(repair);
  }

  async #repair(repair: Repair): Promise<void> {
    if (repair.kind === 'view') {
      await this.#do('the order history: not what the services say', () => this.#followAgain());
      return;
    }
    const orders = repair.kind === 'create' ? repair.orders.length : 1;
    await this.#do(
      `${sagaIdOf(repair)}: does not run, and ${String(orders)} of its orders need it`,
      async () => {
        const { SERVICES, CREDIT_CHECK_TIMEOUT_MS, ATTENTION_AFTER_MS } = this.config;
        await runSaga(this.client, repair, {
          placement: SERVICES.includes('customer') ? 'colocated' : 'distributed',
          creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS,
          attentionAfterMs: ATTENTION_AFTER_MS,
        });
      },
    );
  }

  async #followAgain(): Promise<void> {
    const history = createHistoryDatabase(historyDatabaseUrl(this.config));
    await followFromTheStart(history);
    const now = new Date();
    for (const deadline = Date.now() + FOLLOWED_WITHIN_MS; await isViewBehind(this.databases, now);) {
      if (Date.now() > deadline)
        throw new Error('the order history does not follow the events: does its consumer run?');
      await sleep(FOLLOWED_POLL_MS);
    }
    await rebuildView(history, () => undefined);
    await history.$disconnect();
  }

  async #do(words: string, work: () => Promise<unknown>): Promise<void> {
    if (this.apply) await work();
    console.log(`${words}; ${this.apply ? 'started again' : 'would be started again'}`);
    if (this.apply) this.counts.repaired += 1;
    else this.counts.repairable += 1;
  }

  #forAPerson(words: string): void {
    this.counts.forAPerson += 1;
    console.log(words);
  }
}
