// What each npm script runs. Needs only Node: run.mjs reads this before anything is installed.

/**
 * @typedef {object} Command
 * @property {string} script below `dist`
 * @property {readonly string[]} [args] before those of the caller
 * @property {Readonly<Record<string, string>>} [env]
 * @property {'temporal' | 'production-temporal'} [needs] a program that is downloaded or built on the first call
 * @property {number} [failure] exit code when it failed to run; default: 1
 * @property {boolean} [here] in the process of the npm script, whose signals it handles
 */

/** @type {Readonly<Record<string, Command>>} */
export const COMMANDS = {
  start: { script: 'tools/local/main.js', needs: 'temporal', here: true },
  'start:distributed': { script: 'tools/local/distributed.js', needs: 'temporal', here: true },
  test: { script: 'tools/local/test.js', needs: 'temporal' },
  'test:long': { script: 'tools/local/test.js', args: ['--long'], needs: 'temporal' },
  'test:node': { script: 'tools/local/other-node.js' },
  'test:production': { script: 'test/production/main.js', needs: 'production-temporal' },
  bench: { script: 'tools/bench/main.js', needs: 'temporal' },
  // 1: a guarantee was violated.
  faults: { script: 'tools/fault-injection/main.js', needs: 'temporal', failure: 2 },
  // 1: an interleaving failed, or a planted bug was not found.
  simulate: { script: 'tools/simulator/main.js', failure: 2 },
  check: { script: 'tools/local/check.js' },
  sbom: { script: 'tools/local/sbom.js' },
  // 1: vulnerabilities are known.
  advisories: { script: 'tools/local/advisories.js', failure: 2 },
  demo: { script: 'tools/local/demo.js' },
  screenshot: { script: 'tools/screenshot/main.js', needs: 'temporal' },
  // 1: a history diverged.
  replay: { script: 'ops/replay/replay-main.js', failure: 2 },
  'replay:mutants': { script: 'tools/local/replay-mutants.js' },
  'replay:record': {
    script: 'tools/local/test.js',
    args: ['test/replay/record', '--runInBand'],
    env: { RECORD_HISTORIES: 'yes' },
    needs: 'temporal',
  },
  // 1: an invariant is violated.
  audit: { script: 'ops/audit/audit-main.js', failure: 2 },
  // 1: some violations need an operator.
  repair: { script: 'ops/repair/repair-main.js', failure: 2 },
  // 1: a saga is parked, or a decision was refused.
  parked: { script: 'ops/parked/parked-main.js', failure: 2 },
  'rebuild-view': { script: 'ops/rebuild-view/rebuild-view-main.js' },
  'docs:events': { script: 'tools/local/event-docs.js' },
  currencies: { script: 'tools/currencies/main.js' },
  'migrate:dev': { script: 'tools/local/migrate-dev.js' },
};
