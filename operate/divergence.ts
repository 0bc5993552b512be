/** Why a history did not replay: where what was recorded and what the code asks for now part. */
import type { DataConverter } from '@temporalio/common';
import { type ReplayResult, Worker, type InjectedSinks } from '@temporalio/worker';
import { bundleWorkflows } from '../workers/workflow-bundle';
import { type History, stepsOf } from './saga-words';
import type { WitnessSinks } from './witness';

export interface Divergence {
  /** What the history has next. */
  readonly recorded: string;
  /** What the code asks for instead. */
  readonly now: string;
  /** The last that both agree on; undefined at the beginning. */
  readonly after: string | undefined;
  /** In the words of Temporal. */
  readonly detail: string;
}

const NOTHING = 'nothing more';

/** Replays histories that failed once more, with a witness to what the code asks for. */
export class Explainer {
  #bundle: Promise<{ readonly code: string }> | undefined;

  /**
   * @param workflowsPath of the workflow code's entry
   * @param dataConverter with the codec of the payloads, if there is one
   */
  constructor(
    private readonly workflowsPath: string | undefined,
    private readonly dataConverter: DataConverter | undefined,
  ) {}

  async explain(workflowId: string, history: History, error: Error): Promise<Divergence> {
    const asked: string[] = [];
    const sinks: InjectedSinks<WitnessSinks> = {
      witness: {
        asked: {
          fn: (_info, words) => {
            asked.push(words);
          },
          callDuringReplay: true,
        },
      },
    };
    this.#bundle ??= bundleWorkflows(this.workflowsPath, [require.resolve('./witness')]);
    const again: ReplayResult[] = [];
    for await (const result of Worker.runReplayHistories(
      {
        workflowBundle: await this.#bundle,
        sinks,
        ...(this.dataConverter && { dataConverter: this.dataConverter }),
      },
      [{ workflowId, history }],
    )) {
      again.push(result);
    }
    return divergenceOf(stepsOf(history), asked, detailOf(again[0]?.error ?? error));
  }
}

/**
 * The first place at which the two part. Orders of a group go on beside each other, so what was asked for
 * together may stand in another order.
 */
export function divergenceOf(
  recorded: readonly string[],
  asked: readonly string[],
  detail: string,
): Divergence {
  const left = recorded.filter((words) => !words.startsWith(PATCH));
  let after: string | undefined;
  let now: string | undefined;
  for (const [index, is] of asked.entries()) {
    const [was] = left;
    const place = left.indexOf(is);
    const beside = was !== undefined && place > 0 && asked.includes(was, index + 1);
    if (place !== 0 && !beside) {
      now = is;
      break;
    }
    left.splice(place, 1);
    after = is;
  }
  const failed = NONDETERMINISM.test(detail) ? undefined : `an error in the workflow code: ${detail}`;
  const patch = /patch/i.test(detail) ? recorded.find((words) => words.startsWith(PATCH)) : undefined;
  return {
    recorded: patch ?? left[0] ?? NOTHING,
    now: patch === undefined ? (now ?? failed ?? NOTHING) : (failed ?? 'no such patch'),
    after,
    detail,
  };
}

const PATCH = 'the patch ';
const NONDETERMINISM = /TMPRL1100|nondeterminism/i;

/** What the engine says, out of the debug output that the SDK wraps it in. */
function detailOf({ message }: Error): string {
  const quoted = /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  return quoted === undefined ? message : quoted.replaceAll('\\"', '"').replaceAll("\\'", "'");
}
