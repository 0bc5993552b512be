/**
 * Looks at everything once, and again, after a grace time, at what looked wrong: on a running system most of that
 * was only under way. Read-only; memory does not grow with the number of orders.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { customerIds, orderIds } from './audited-ids';
import { customerFacts, orderFacts } from './facts';
import { type Finding, type Invariant, isTerminal, wrongCustomer, wrongOrder } from './invariants';
import { type AuditedSystem, isSettled, recheck, type Suspects } from './recheck';
import type { Coverage } from './rows';
import { type RunningSaga, runningSagas } from './running-sagas';

/** 5 s: a saga that nothing holds up is done in a fraction of it, and the order history follows in milliseconds. */
const GRACE_MS = 5_000;

/** 1 s: somebody may have been at it just then, between one reading and the next. */
const AGAIN_MS = 1_000;

/** 10,000 ids: some MB. When so many look wrong, they are looked at again before the audit goes on. */
const SUSPECTS_MAX = 10_000;

/** 10,000 in words: some MB. More are counted, and not named. */
const NAMED_MAX = 10_000;

/** 100 sagas, of up to 50 orders each. */
const SAGAS_AT_ONCE = 100;

interface Tally {
  checked: number;
  /** Not yet as it must be, and somebody is at it. */
  inFlight: number;
  violated: number;
}

export interface AuditReport {
  readonly invariants: Readonly<Record<Invariant, Readonly<Tally>>>;
  readonly violations: readonly Finding[];
  /** Sagas that run, and say that a step keeps failing. */
  readonly needsAttention: readonly Pick<RunningSaga, 'sagaId' | 'needsAttention'>[];
}

export interface AuditOptions {
  /** How long what looks wrong has to come right, milliseconds. */
  readonly graceMs?: number | undefined;
  /** Told after each page: orders looked at so far. */
  readonly onProgress?: (orders: number) => void;
}

export async function audit(system: AuditedSystem, options: AuditOptions = {}): Promise<AuditReport> {
  const run = new Audit(system, { withView: system.databases.history !== undefined }, options);
  await run.look();
  return run.report;
}

class Audit {
  readonly report = {
    invariants: {
      credit: tally(),
      terminal: tally(),
      reservation: tally(),
      identity: tally(),
      outbox: tally(),
      saga: tally(),
      view: tally(),
    },
    violations: Array<Finding>(),
    needsAttention: Array<Pick<RunningSaga, 'sagaId' | 'needsAttention'>>(),
  };
  readonly #suspects: Suspects = { customers: new Set(), orders: new Map(), sagas: new Map() };

  constructor(
    private readonly system: AuditedSystem,
    private readonly coverage: Coverage,
    private readonly options: AuditOptions,
  ) {}

  async look(): Promise<void> {
    await this.#atCustomers();
    await this.#atOrders();
    await this.#atSagas();
    await this.#lookAgain();
  }

  async #atCustomers(): Promise<void> {
    const { databases } = this.system;
    for await (const ids of customerIds(databases)) {
      this.report.invariants.credit.checked += ids.length;
      const facts = await customerFacts(databases, ids);
      for (const each of facts)
        if (this.#needsAnotherLook(wrongCustomer(each, this.coverage))) this.#suspects.customers.add(each.id);
      await this.#makeRoom();
    }
  }

  async #atOrders(): Promise<void> {
    const { databases, client } = this.system;
    const { terminal, reservation, identity, outbox, saga, view } = this.report.invariants;
    const checked = [
      ...[terminal, reservation, identity, outbox],
      ...(this.coverage.withView ? [view] : []),
      ...(client ? [saga] : []),
    ];
    let looked = 0;
    for await (const ids of orderIds(databases)) {
      for (const each of checked) each.checked += ids.length;
      for (const facts of await orderFacts(databases, ids)) {
        const open = facts.order && !isTerminal(facts.order);
        if (open || this.#needsAnotherLook(wrongOrder(facts, this.coverage)))
          this.#suspects.orders.set(facts.id, facts.order?.sagaId);
      }
      looked += ids.length;
      this.options.onProgress?.(looked);
      await this.#makeRoom();
    }
  }

  /** What the order history only has to take in does not: that is known to be in flight. */
  #needsAnotherLook(findings: readonly Finding[]): boolean {
    if (findings.some(({ settledBy }) => settledBy !== 'view')) return true;
    for (const finding of findings) this.#count(finding, true);
    return false;
  }

  async #atSagas(): Promise<void> {
    const { client } = this.system;
    if (!client) return;
    let some: RunningSaga[] = [];
    for await (const saga of runningSagas(client)) {
      const { sagaId, needsAttention } = saga;
      if (needsAttention.length > 0) this.report.needsAttention.push({ sagaId, needsAttention });
      some.push(saga);
      if (some.length < SAGAS_AT_ONCE) continue;
      await this.#suspectIdle(some);
      some = [];
    }
    await this.#suspectIdle(some);
  }

  async #suspectIdle(sagas: readonly RunningSaga[]): Promise<void> {
    const all = await orderFacts(
      this.system.databases,
      sagas.flatMap(({ orderIds: ids }) => ids),
    );
    const byId = new Map(all.map((facts) => [facts.id, facts]));
    for (const { sagaId, orderIds: ids } of sagas) {
      const [first] = ids;
      const facts = ids.flatMap((id) => byId.get(id) ?? []);
      if (first !== undefined && facts.every((each) => isSettled(sagaId, each)))
        this.#suspects.sagas.set(sagaId, first);
    }
    await this.#makeRoom();
  }

  async #makeRoom(): Promise<void> {
    const { customers, orders, sagas } = this.#suspects;
    if (customers.size + orders.size + sagas.size >= SUSPECTS_MAX) await this.#lookAgain();
  }

  /** At the suspects; afterwards they are known to be wrong, or not, and are suspects no more. */
  async #lookAgain(): Promise<void> {
    const { customers, orders, sagas } = this.#suspects;
    if (customers.size + orders.size + sagas.size === 0) return;
    await sleep(this.options.graceMs ?? GRACE_MS);
    const rechecked = await recheck(this.system, this.coverage, this.#suspects);
    const sure = rechecked.every(({ inFlight }) => inFlight) ? new Set<string>() : await this.#onceMore();
    for (const { finding, inFlight } of rechecked)
      this.#count(finding, inFlight || !sure.has(keyOf(finding)));
    for (const suspects of [customers, orders, sagas]) suspects.clear();
  }

  /** @returns what is still wrong, in the same words */
  async #onceMore(): Promise<ReadonlySet<string>> {
    await sleep(AGAIN_MS);
    const rechecked = await recheck(this.system, this.coverage, this.#suspects);
    return new Set(rechecked.flatMap(({ finding, inFlight }) => (inFlight ? [] : [keyOf(finding)])));
  }

  #count(finding: Finding, inFlight: boolean): void {
    const counts = this.report.invariants[finding.invariant];
    if (inFlight) counts.inFlight += 1;
    else counts.violated += 1;
    if (!inFlight && this.report.violations.length < NAMED_MAX) this.report.violations.push(finding);
  }
}

function tally(): Tally {
  return { checked: 0, inFlight: 0, violated: 0 };
}

function keyOf({ invariant, subject, words }: Finding): string {
  return [invariant, subject, words].join(' ');
}
