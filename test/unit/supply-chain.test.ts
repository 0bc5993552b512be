/** The checks of manifests and lock files refuse what they are for. */
import { expect, test } from '@jest/globals';
import {
  checkSupplyChain,
  licenceFindings,
  lockedPackages,
  originFindings,
  scriptFindings,
  versionFindings,
} from '../../tools/local/supply-chain';
import { INSTALL_SCRIPTS, LICENCE_EXCEPTIONS } from '../../tools/local/supply-chain-policy';

const HASH = 'sha512-AAAA';

/** Packages that need each exception of the policy. */
const EXCEPTIONS = {
  ...Object.fromEntries(
    Object.entries(LICENCE_EXCEPTIONS).map(([name, { licence }]) => [name, { license: licence }]),
  ),
};
const SCRIPTS = Object.fromEntries(
  Object.keys(INSTALL_SCRIPTS).map((name) => [name, { dev: true, hasInstallScript: true }]),
);

const locked = (packages: Record<string, object>) =>
  lockedPackages({
    lockfileVersion: 3,
    packages: {
      '': { name: 'order-saga' },
      ...Object.fromEntries(
        Object.entries(packages).map(([name, entry]) => [
          `node_modules/${name}`,
          { version: '1.0.0', integrity: HASH, ...entry },
        ]),
      ),
    },
  });

test('the project passes', async () => {
  await expect(checkSupplyChain()).resolves.toBeUndefined();
});

test('a licence that is not allowed, in production only, also of a nested package', () => {
  const found = (packages: Record<string, object>) => licenceFindings(locked({ ...EXCEPTIONS, ...packages }));
  expect(found({ good: { license: 'MIT' }, tool: { license: 'GPL-3.0', dev: true } })).toEqual([]);
  expect(found({ bad: { license: 'AGPL-3.0-only' } })).toEqual([
    expect.stringMatching(/^bad has .*AGPL-3.0-only/),
  ]);
  expect(found({ 'good/node_modules/@a/bad': { license: 'GPL-3.0' } })).toEqual([
    expect.stringMatching(/^@a\/bad has .*GPL-3.0/),
  ]);
  expect(found({ unsaid: {} })).toEqual([expect.stringMatching(/^unsaid has the licence undefined/)]);
});

test('an exception is for the licence that it names, and goes with its package', () => {
  expect(licenceFindings(locked({ ...EXCEPTIONS, elkjs: { license: 'GPL-3.0' } }))).toHaveLength(1);
  expect(licenceFindings(locked({}))).toHaveLength(Object.keys(LICENCE_EXCEPTIONS).length);
});

test('an install script without a reason, and scripts that would run', () => {
  const npmrc = 'save-exact=true\nignore-scripts=true\n';
  expect(scriptFindings(locked(SCRIPTS), npmrc)).toEqual([]);
  expect(scriptFindings(locked({ ...SCRIPTS, miner: { hasInstallScript: true } }), npmrc)).toEqual([
    expect.stringMatching(/^miner has an install script/),
  ]);
  expect(scriptFindings(locked(SCRIPTS), 'ignore-scripts=false\n')).toHaveLength(1);
});

test('a package from an address, or without a hash', () => {
  expect(originFindings(locked({ good: {} }))).toEqual([]);
  expect(originFindings(locked({ bad: { resolved: 'https://registry.example/bad.tgz' } }))).toHaveLength(1);
  expect(
    originFindings(locked({ bad: { integrity: undefined }, weak: { integrity: 'sha1-AAAA' } })),
  ).toHaveLength(2);
});

test.each(['^1.0.0', '~1.0.0', '1', '1.x', '*', 'latest', 'github:a/b', 'npm:b@1.0.0', '>=1.0.0'])(
  'a version that is not exact: %s',
  (version) => {
    expect(versionFindings({ devDependencies: { a: version } })).toHaveLength(1);
    expect(versionFindings({ dependencies: { a: '1.0.0', b: '7.10.0-4.0edf32' } })).toEqual([]);
  },
);

test('a lock file of another version is refused', () => {
  expect(() => lockedPackages({ lockfileVersion: 2, packages: {} })).toThrow();
});
