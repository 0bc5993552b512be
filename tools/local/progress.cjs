// Shows what takes its time: a line when a step has taken a second, and one when it is done.

const SHOW_AFTER_MS = 1_000;

/**
 * Runs one step of a start. A step that is done within a second says nothing.
 *
 * @template T
 * @param {string} label what is being done, in words
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function step(label, work) {
  const began = Date.now();
  let shown = false;
  const timer = setTimeout(() => {
    shown = true;
    console.error(`  … ${label}`);
  }, SHOW_AFTER_MS);
  try {
    const result = await work();
    if (shown) console.error(`  ✓ ${label} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}

module.exports = { step };
