/** Why a history did not replay: it is replayed once more, and each command that the code asks for is recorded. */
import { PassThrough } from 'node:stream';
import type { HistoryAndWorkflowId } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { type InjectedSinks, type ReplayResult, Worker } from '@temporalio/worker';
import { bundleWorkflows } from '../../workers/workflow-bundle';
import { type Divergence, divergenceOf } from './divergence';
import { stepsOf } from './recorded-steps';
import type { CommandSinks } from './command-recorder';

/** One worker for all histories that failed: each worker of its own costs a quarter of a second and some megabytes. */
export class Explainer {
  readonly #histories = new PassThrough({ objectMode: true });
  #asked: string[] = [];
  #replays: AsyncIterableIterator<ReplayResult> | undefined;

  /**
   * @param recording bundle of the workflow code with the command recorder; made of our own workflows unless it is given
   * @param dataConverter with the codec of the payloads, if there is one
   */
  constructor(
    private readonly recording: { readonly code: string } | undefined,
    private readonly dataConverter: DataConverter | undefined,
  ) {}

  /** One at a time. */
  async explain(one: HistoryAndWorkflowId, error: Error): Promise<Divergence> {
    this.#asked = [];
    this.#replays ??= await this.#start();
    this.#histories.write(one);
    const { value } = (await this.#replays.next()) as IteratorResult<ReplayResult, undefined>;
    return divergenceOf(stepsOf(one.history as object), this.#asked, detailOf(value?.error ?? error));
  }

  async close(): Promise<void> {
    this.#histories.end();
    await this.#replays?.return?.();
  }

  async #start(): Promise<AsyncIterableIterator<ReplayResult>> {
    const sinks: InjectedSinks<CommandSinks> = {
      commands: {
        asked: {
          fn: (_info, words) => {
            this.#asked.push(words);
          },
          callDuringReplay: true,
        },
      },
    };
    const workflowBundle = this.recording ?? (await bundleWithRecorder());
    const { dataConverter } = this;
    return Worker.runReplayHistories(
      { workflowBundle, sinks, ...(dataConverter && { dataConverter }) },
      this.#histories,
    );
  }
}

/** Our own workflow code, which reports what it asks for. */
export function bundleWithRecorder(): Promise<{ readonly code: string }> {
  return bundleWorkflows(undefined, [require.resolve('./command-recorder')]);
}

/** What the engine says, out of the debug output that the SDK wraps it in. */
function detailOf({ message }: Error): string {
  const quoted = /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  return quoted === undefined ? message : quoted.replaceAll('\\"', '"').replaceAll("\\'", "'");
}
