/**
 * Checks everything once, and checks suspected violations again after a grace time: on a running system most of them are
 * only in flight. Read-only; memory does not grow with the number of orders.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { customerIds, orderIds } from './audited-ids';
import { customerFacts, orderFacts } from './facts';
import { type Finding, type Invariant, isTerminal, wrongCustomer, wrongOrder } from './invariants';
import { type AuditedSystem, isSettled, recheck, type Suspects } from './recheck';
import type { Coverage } from './rows';
import { type RunningSaga, runningSagas } from './running-sagas';

/** 5 s: an undisturbed saga completes in a fraction of it, and the order history follows within milliseconds. */
const GRACE_MS = 5_000;

/** 1 s: a change between two reads of the recheck looks like a violation once, not twice. */
const CONFIRM_MS = 1_000;

/** 10,000 ids: some MB. With so many suspects, the audit rechecks them before it continues. */
const SUSPECTS_MAX = 10_000;

/** 10,000 violations: some MB. More are counted, but not listed. */
const LISTED_MAX = 10_000;

/** 100 sagas of up to 50 orders each. */
const SAGA_BATCH = 100;

interface Tally {
  checked: number;
  /** Not settled yet: a saga or the order history is about to settle it. */
  inFlight: number;
  violated: number;
}

export interface AuditReport {
  readonly invariants: Readonly<Record<Invariant, Readonly<Tally>>>;
  readonly violations: readonly Finding[];
  /** Running sagas with a parked step. */
  readonly needsAttention: readonly Pick<RunningSaga, 'sagaId' | 'needsAttention'>[];
}

export interface AuditOptions {
  /** How long a suspected violation has to settle, milliseconds. */
  readonly graceMs?: number | undefined;
  /** Called after each page with the number of orders checked so far. */
  readonly onProgress?: (orders: number) => void;
}

export async function audit(system: AuditedSystem, options: AuditOptions = {}): Promise<AuditReport> {
  const run = new Audit(system, { withView: system.databases.history !== undefined }, options);
  await run.checkAll();
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
  readonly #graceMs: number;
  readonly #suspects: Suspects = { customers: new Set(), orders: new Map(), sagas: new Map() };

  constructor(
    private readonly system: AuditedSystem,
    private readonly coverage: Coverage,
    private readonly options: AuditOptions,
  ) {
    this.#graceMs = options.graceMs ?? GRACE_MS;
  }

  async checkAll(): Promise<void> {
    await this.#checkCustomers();
    await this.#checkOrders();
    await this.#checkSagas();
    await this.#recheckSuspects();
  }

  async #checkCustomers(): Promise<void> {
    const { databases } = this.system;
    for await (const ids of customerIds(databases)) {
      this.report.invariants.credit.checked += ids.length;
      const facts = await customerFacts(databases, ids);
      for (const each of facts)
        if (this.#needsRecheck(wrongCustomer(each, this.coverage))) this.#suspects.customers.add(each.id);
      await this.#recheckWhenFull();
    }
  }

  async #checkOrders(): Promise<void> {
    const { databases, client } = this.system;
    const { terminal, reservation, identity, outbox, saga, view } = this.report.invariants;
    const checked = [
      ...[terminal, reservation, identity, outbox],
      ...(this.coverage.withView ? [view] : []),
      ...(client ? [saga] : []),
    ];
    let orderCount = 0;
    for await (const ids of orderIds(databases)) {
      for (const each of checked) each.checked += ids.length;
      for (const facts of await orderFacts(databases, ids)) {
        const open = facts.order && !isTerminal(facts.order);
        if (open || this.#needsRecheck(wrongOrder(facts, this.coverage)))
          this.#suspects.orders.set(facts.id, facts.order?.sagaId);
      }
      orderCount += ids.length;
      this.options.onProgress?.(orderCount);
      await this.#recheckWhenFull();
    }
  }

  /** Differences that only the order history has to settle need no recheck: they are in flight. */
  #needsRecheck(findings: readonly Finding[]): boolean {
    if (findings.some(({ settledBy }) => settledBy !== 'view')) return true;
    for (const finding of findings) this.#count(finding, true);
    return false;
  }

  async #checkSagas(): Promise<void> {
    const { client } = this.system;
    if (!client) return;
    let batch: RunningSaga[] = [];
    for await (const saga of runningSagas(client)) {
      const { sagaId, needsAttention } = saga;
      if (needsAttention.length > 0) this.report.needsAttention.push({ sagaId, needsAttention });
      batch.push(saga);
      if (batch.length < SAGA_BATCH) continue;
      await this.#suspect(batch);
      batch = [];
    }
    await this.#suspect(batch);
  }

  async #suspect(sagas: readonly RunningSaga[]): Promise<void> {
    const all = await orderFacts(
      this.system.databases,
      sagas.flatMap(({ orderIds: ids }) => ids),
    );
    const byId = new Map(all.map((facts) => [facts.id, facts]));
    for (const { sagaId, orderIds: ids } of sagas) {
      const facts = ids.flatMap((id) => byId.get(id) ?? []);
      const idle = ids.length > 0 && facts.every((each) => isSettled(sagaId, each));
      this.#suspects.sagas.set(sagaId, { subject: ids[0] ?? sagaId, idle });
    }
    await this.#recheckWhenFull();
  }

  async #recheckWhenFull(): Promise<void> {
    const { customers, orders, sagas } = this.#suspects;
    if (customers.size + orders.size + sagas.size >= SUSPECTS_MAX) await this.#recheckSuspects();
  }

  /** Rechecks the suspects, counts their findings, and clears the suspects. */
  async #recheckSuspects(): Promise<void> {
    const { customers, orders, sagas } = this.#suspects;
    if (customers.size + orders.size + sagas.size === 0) return;
    await sleep(this.#graceMs);
    const rechecked = await recheck(this.system, this.coverage, this.#suspects, this.#graceMs);
    const confirmed = rechecked.every(({ inFlight }) => inFlight) ? new Set<string>() : await this.#confirm();
    for (const { finding, inFlight } of rechecked)
      this.#count(finding, inFlight || !confirmed.has(keyOf(finding)));
    for (const suspects of [customers, orders, sagas]) suspects.clear();
  }

  /** @returns keys of the findings that a second recheck reports in the same words */
  async #confirm(): Promise<ReadonlySet<string>> {
    await sleep(CONFIRM_MS);
    const rechecked = await recheck(this.system, this.coverage, this.#suspects, this.#graceMs);
    return new Set(rechecked.flatMap(({ finding, inFlight }) => (inFlight ? [] : [keyOf(finding)])));
  }

  #count(finding: Finding, inFlight: boolean): void {
    const counts = this.report.invariants[finding.invariant];
    if (inFlight) counts.inFlight += 1;
    else counts.violated += 1;
    if (!inFlight && this.report.violations.length < LISTED_MAX) this.report.violations.push(finding);
  }
}

function tally(): Tally {
  return { checked: 0, inFlight: 0, violated: 0 };
}

function keyOf({ invariant, subject, words }: Finding): string {
  return [invariant, subject, words].join(' ');
}
