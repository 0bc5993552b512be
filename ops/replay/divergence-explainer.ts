/** Explains a divergence: replays the history again and records each command of the current code. */
import { PassThrough } from 'node:stream';
import type { HistoryAndWorkflowId } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { type InjectedSinks, type ReplayResult, Worker } from '@temporalio/worker';
import { bundleWorkflows } from '../../workers/workflow-bundle';
import { type Divergence, divergenceOf } from './divergence';
import { stepsOf } from './recorded-steps';
import type { CommandSinks } from './command-recorder';

/** Uses one worker for all diverged histories: each worker costs a quarter of a second and some megabytes. */
export class Explainer {
  readonly #histories = new PassThrough({ objectMode: true });
  #commands: string[] = [];
  #replays: AsyncIterableIterator<ReplayResult> | undefined;

  /**
   * @param recording bundle of the workflow code with the command recorder; default: our workflows
   * @param dataConverter includes the payload codec, if any
   */
  constructor(
    private readonly recording: { readonly code: string } | undefined,
    private readonly dataConverter: DataConverter | undefined,
  ) {}

  /** Calls must not overlap. */
  async explain(one: HistoryAndWorkflowId, error: Error): Promise<Divergence> {
    this.#commands = [];
    this.#replays ??= await this.#start();
    this.#histories.write(one);
    const { value } = (await this.#replays.next()) as IteratorResult<ReplayResult, undefined>;
    return divergenceOf(stepsOf(one.history as object), this.#commands, detailOf(value?.error ?? error));
  }

  async close(): Promise<void> {
    this.#histories.end();
    await this.#replays?.return?.();
  }

  async #start(): Promise<AsyncIterableIterator<ReplayResult>> {
    const sinks: InjectedSinks<CommandSinks> = {
      commands: {
        issued: {
          fn: (_info, words) => {
            this.#commands.push(words);
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

/** Bundles our workflow code with the command recorder. */
export function bundleWithRecorder(): Promise<{ readonly code: string }> {
  return bundleWorkflows(undefined, [require.resolve('./command-recorder')]);
}

/** Extracts the message of Temporal's core from the debug output that the SDK wraps it in. */
function detailOf({ message }: Error): string {
  const quoted = /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  return quoted === undefined ? message : quoted.replaceAll('\\"', '"').replaceAll("\\'", "'");
}
