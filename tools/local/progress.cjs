// Prints the progress of slow steps: a line after one second, and another at completion.

const SHOW_AFTER_MS = 1_000;

/**
 * Runs one step. A step that takes less than a second prints nothing.
 *
 * @template T
 * @param {string} label what the step does, as "starting Postgres"
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
