/** A workflow that says which stack traces its sandbox has. */
import { sleep } from '@temporalio/workflow';

export interface Traced {
  /** Frames of an error that it constructs. */
  readonly framesOfError: number;
  /** Promises of which the SDK keeps a stack trace while it waits for them. */
  readonly tracedPromises: number | undefined;
}

export async function traced(): Promise<Traced> {
  const waited = Promise.all([sleep(1), sleep(1)]);
  const tracedPromises = globalThis.__TEMPORAL_ACTIVATOR__?.promiseStackStore.promiseToStack.size;
  const framesOfError = new Error('constructed here').stack?.match(/^ +at /gm)?.length ?? 0;
  await waited;
  return { framesOfError, tracedPromises };
}
