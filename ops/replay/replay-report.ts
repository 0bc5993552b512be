/** Formats the result of a replay: as text, as JSON, and as a JUnit report. */
import junit from 'junit-report-builder';
import type { Divergence } from './divergence';
import type { Replayed } from './replay';

/** Workflows listed for each divergence or reason; the JSON has all of them. */
const LISTED = 5;

const REMEDY = `A worker with this code fails such a saga's workflow task with a non-determinism error, and the saga makes no
progress. Do not deploy this code. Keep the old path for running sagas with patched(), or let them end on the old
version with Worker Versioning: see docs/changing-a-saga.md. If the change was not meant to affect the steps, compare
what is recorded with the command of the current code.`;

interface Kind {
  readonly type: string;
  readonly version: string;
  replayed: number;
  failed: number;
}

interface Way extends Divergence {
  readonly type: string;
  readonly workflows: Run[];
}

/** Two runs of one saga have the same workflow id. */
type Run = Pick<Replayed, 'workflowId' | 'runId'>;

export class ReplayReport {
  readonly #kinds = new Map<string, Kind>();
  readonly #ways = new Map<string, Way>();
  readonly #undecided = new Map<string, Run[]>();
  readonly #suite: ReturnType<typeof junit.testSuite> | undefined;
  readonly #builder = junit.newBuilder();

  /** @param forCi whether to keep each history as a test case for {@link writeJunit} */
  constructor(forCi: boolean) {
    this.#suite = forCi ? this.#builder.testSuite().name('replay') : undefined;
  }

  /** Number of replayed histories, without the undecided ones. */
  get replayed(): number {
    return this.#sum('replayed');
  }

  get undecided(): number {
    return [...this.#undecided.values()].reduce((sum, { length }) => sum + length, 0);
  }

  get failed(): number {
    return this.#sum('failed');
  }

  note({ workflowId, runId, type, version, divergence, undecided }: Replayed): void {
    const testCase = this.#suite?.testCase().className(type).name(workflowId);
    if (undecided !== undefined) {
      testCase?.error(undecided);
      this.#undecided.set(undecided, [...(this.#undecided.get(undecided) ?? []), { workflowId, runId }]);
      return;
    }
    const key = `${type} ${version}`;
    const kind = this.#kinds.get(key) ?? { type, version, replayed: 0, failed: 0 };
    this.#kinds.set(key, kind);
    kind.replayed += 1;
    if (!divergence) return;
    kind.failed += 1;
    testCase?.failure(`${describeDivergence(divergence)}\n${divergence.detail}`);
    const way = `${type}: ${describeDivergence(divergence)}`;
    const known = this.#ways.get(way) ?? { type, ...divergence, workflows: [] };
    this.#ways.set(way, known);
    known.workflows.push({ workflowId, runId });
  }

  /** @throws Error when the file cannot be written */
  writeJunit(file: string): void {
    this.#builder.writeTo(file);
  }

  toJSON(): object {
    return {
      replayed: this.replayed,
      failed: this.failed,
      kinds: [...this.#kinds.values()],
      divergences: [...this.#ways.values()],
      undecided: [...this.#undecided].map(([reason, workflows]) => ({ reason, workflows })),
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
    for (const [way, { workflows, detail }] of this.#ways)
      lines.push('', way, `  in ${named(workflows)}`, `  Temporal reports: ${detail}`);
    for (const [reason, workflows] of this.#undecided)
      lines.push('', `not decided: ${reason}`, `  in ${named(workflows)}`);
    if (failed > 0) lines.push('', REMEDY);
    return lines.join('\n');
  }

  #sum(of: 'replayed' | 'failed'): number {
    return [...this.#kinds.values()].reduce((sum, kind) => sum + kind[of], 0);
  }
}

/** Lists workflows as `workflowId/runId`, like the URLs of the Temporal UI. */
function named(workflows: readonly Run[]): string {
  const some = workflows.slice(0, LISTED).map(({ workflowId, runId }) => `${workflowId}/${runId}`);
  const others = workflows.length - LISTED;
  return `${String(workflows.length)}: ${some.join(', ')}${others > 0 ? ` and ${String(others)} more` : ''}`;
}

function describeDivergence({ recorded, now, after }: Divergence): string {
  return `recorded: ${recorded}; now: ${now}${after === undefined ? '' : `, after ${after}`}`;
}
