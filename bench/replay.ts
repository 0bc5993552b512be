/** How fast the replay gate goes through histories. */
import { performance } from 'node:perf_hooks';
import { corpusFiles } from '../operate/corpus';
import { type NamedHistory, ofFiles } from '../operate/histories';
import { replay } from '../operate/replay';
import { workflowTypeOf } from '../operate/saga-words';
import { CREATE_ORDER_SAGA } from '../domain/names';
import { BUNDLE_PATH } from '../workers/bundle-path';
import { type Measured, measured } from './measure';

/** The recorded histories of `createOrderSaga`, over and over, each read anew. */
export async function replays(count: number): Promise<Measured> {
  const took: number[] = [];
  const began = performance.now();
  let last = began;
  for await (const { divergence } of replay({ workflowBundle: { codePath: BUNDLE_PATH } }, recorded(count))) {
    if (divergence) throw new Error('a recorded history does not replay');
    took.push(performance.now() - last);
    last = performance.now();
  }
  return measured(took, performance.now() - began);
}

function* recorded(count: number): Generator<NamedHistory> {
  for (let given = 0; ;) {
    for (const { workflowId, history } of ofFiles(corpusFiles())) {
      if (workflowTypeOf(history) !== CREATE_ORDER_SAGA) continue;
      if (given++ === count) return;
      yield { workflowId: `${workflowId}-${String(given)}`, history };
    }
  }
}
