/** The replay gate's rate and memory. */
import { performance } from 'node:perf_hooks';
import { CREATE_ORDER_SAGA } from '../../domain/names';
import { corpusFiles } from '../../ops/replay/corpus';
import { type NamedHistory, ofFiles } from '../../ops/replay/history-sources';
import { workflowTypeOf } from '../../ops/replay/recorded-steps';
import { replay } from '../../ops/replay/replay';
import { BUNDLE_PATH } from '../../workers/bundle-path';
import { type Measured, measured } from './measure';

const BYTES_OF_A_MB = 1_000_000;

/**
 * Replays the recorded histories of `createOrderSaga` repeatedly, each read again from its file.
 *
 * @throws Error when one diverges, with the place
 */
export async function replays(count: number): Promise<Measured> {
  const took: number[] = [];
  let peakMb = 0;
  const began = performance.now();
  let last = began;
  const options = { workflowBundle: { codePath: BUNDLE_PATH } };
  for await (const { workflowId, divergence } of replay(options, histories(count))) {
    if (divergence) {
      const { recorded: was, now, after = 'its start' } = divergence;
      throw new Error(`${workflowId} does not replay: recorded: ${was}; now: ${now}, after ${after}`);
    }
    peakMb = Math.max(peakMb, process.memoryUsage.rss() / BYTES_OF_A_MB);
    took.push(performance.now() - last);
    last = performance.now();
  }
  return { ...measured(took, performance.now() - began), peakMb };
}

function* histories(count: number): Generator<NamedHistory> {
  for (let given = 0; ;) {
    for (const { workflowId, history } of ofFiles(corpusFiles())) {
      if (workflowTypeOf(history) !== CREATE_ORDER_SAGA) continue;
      if (given++ === count) return;
      yield { workflowId: `${workflowId}-${String(given)}`, history };
    }
  }
}
