/** When the sagas' code has done all that it can do. */

/** After every promise that can go on has gone on: asked from a microtask, the next tick comes after all of them. */
export async function everythingDone(): Promise<void> {
  await Promise.resolve();
  await new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });
}
