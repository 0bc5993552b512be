/** The answer of a replay: for a person, for a program, for a CI server. */
import junit from 'junit-report-builder';
import type { Divergence } from './divergence';
import type { Replayed } from './replay';

/** Named of each way to diverge; all of them are in the JSON. */
const NAMED = 5;

const WHAT_TO_DO = `A worker with this code that takes over such a saga stops with a non-determinism error, and the saga stands
still. Do not deploy it as it is. Let the sagas under way keep their old path with patched(), or let them end on
the old version with Worker Versioning: docs/changing-a-saga.md. If the change was not meant to touch the saga's
steps, it did: see what is recorded and what is asked for now.`;

interface Kind {
  readonly type: string;
  readonly version: string;
  replayed: number;
  failed: number;
}

interface Way extends Divergence {
  readonly type: string;
  readonly workflowIds: string[];
}

export class ReplayReport {
  readonly #kinds = new Map<string, Kind>();
  readonly #ways = new Map<string, Way>();
  readonly #suite: ReturnType<typeof junit.testSuite> | undefined;
  readonly #builder = junit.newBuilder();

  /** @param forCi whether each history is kept as a test case, for {@link writeJunit} */
  constructor(forCi: boolean) {
    this.#suite = forCi ? this.#builder.testSuite().name('replay') : undefined;
  }

  get replayed(): number {
    return this.#sum('replayed');
  }

  get failed(): number {
    return this.#sum('failed');
  }

  note({ workflowId, type, version, divergence }: Replayed): void {
    const key = `${type} ${version}`;
    const kind = this.#kinds.get(key) ?? { type, version, replayed: 0, failed: 0 };
    this.#kinds.set(key, kind);
    kind.replayed += 1;
    const testCase = this.#suite?.testCase().className(type).name(workflowId);
    if (!divergence) return;
    kind.failed += 1;
    testCase?.failure(`${inWords(divergence)}\n${divergence.detail}`);
    const way = `${type}: ${inWords(divergence)}`;
    const known = this.#ways.get(way) ?? { type, ...divergence, workflowIds: [] };
    this.#ways.set(way, known);
    known.workflowIds.push(workflowId);
  }

  writeJunit(file: string): void {
    this.#builder.writeTo(file);
  }

  toJSON(): object {
    return {
      replayed: this.replayed,
      failed: this.failed,
      kinds: [...this.#kinds.values()],
      divergences: [...this.#ways.values()],
    };
  }

  /** Lines of text. */
  toString(): string {
    const { replayed, failed } = this;
    const lines = [
      `${String(replayed)} ${replayed === 1 ? 'history' : 'histories'}: ${String(replayed - failed)} replayed, ${String(failed)} diverged`,
    ];
    for (const kind of this.#kinds.values()) {
      const ofThem = kind.failed === 0 ? '' : `, ${String(kind.failed)} diverged`;
      lines.push(`  ${kind.type}, ${kind.version}: ${String(kind.replayed)}${ofThem}`);
    }
    for (const [way, { workflowIds, detail }] of this.#ways) {
      const others = workflowIds.length - NAMED;
      const named =
        workflowIds.slice(0, NAMED).join(', ') + (others > 0 ? ` and ${String(others)} more` : '');
      lines.push('', way, `  in ${String(workflowIds.length)}: ${named}`, `  Temporal says: ${detail}`);
    }
    if (failed > 0) lines.push('', WHAT_TO_DO);
    return lines.join('\n');
  }

  #sum(of: 'replayed' | 'failed'): number {
    return [...this.#kinds.values()].reduce((sum, kind) => sum + kind[of], 0);
  }
}

function inWords({ recorded, now, after }: Divergence): string {
  return `recorded: ${recorded}; now: ${now}${after === undefined ? '' : `, after ${after}`}`;
}
