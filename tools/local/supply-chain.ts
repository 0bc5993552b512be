/** Checks the manifests and lock files: licences, install scripts, exact versions, where packages come from. Needs no network. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ROOT } from '../../platform/project-paths';
import { INSTALL_SCRIPTS, LICENCE_EXCEPTIONS, LICENCES } from './supply-chain-policy';

const EXACT_VERSION = /^\d+\.\d+\.\d+(-[\w.-]+)?$/;
const INTEGRITY = 'sha512-';

const versions = z.record(z.string(), z.string()).default({});
const manifestSchema = z.object({
  dependencies: versions,
  devDependencies: versions,
  overrides: versions,
});

const lockedSchema = z.object({
  license: z.string().optional(),
  dev: z.boolean().default(false),
  hasInstallScript: z.boolean().default(false),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
});
const lockSchema = z.object({
  lockfileVersion: z.literal(3),
  packages: z.record(z.string(), lockedSchema),
});

interface Locked extends z.infer<typeof lockedSchema> {
  readonly name: string;
}

/** Folders with a package.json. Only the packages of the first one are part of the product. */
const PRODUCT = '.';
const FOLDERS = [PRODUCT, 'tools/bench/peers'];

/** @throws Error with one line for each finding */
export function checkSupplyChain(): Promise<void> {
  const read = (...file: string[]) => readFileSync(path.join(ROOT, ...file), 'utf8');
  const locks = FOLDERS.map((folder) => lockedPackages(JSON.parse(read(folder, 'package-lock.json'))));
  const [product = []] = locks;
  const findings = [
    ...FOLDERS.flatMap((folder) => versionFindings(JSON.parse(read(folder, 'package.json')))),
    ...licenceFindings(product),
    ...scriptFindings(locks.flat(), read('.npmrc')),
    ...locks.flatMap(originFindings),
  ];
  return findings.length === 0 ? Promise.resolve() : Promise.reject(new Error(findings.join('\n')));
}

/** @param lock the JSON of a package-lock.json. @throws ZodError for another version of lock files */
export function lockedPackages(lock: unknown): Locked[] {
  const { packages } = lockSchema.parse(lock);
  return Object.entries(packages)
    .filter(([place]) => place !== '')
    .map(([place, locked]) => ({ ...locked, name: place.slice(place.lastIndexOf('node_modules/') + 13) }));
}

/** @param manifest the JSON of a package.json */
export function versionFindings(manifest: unknown): string[] {
  const { dependencies, devDependencies, overrides } = manifestSchema.parse(manifest);
  return Object.entries({ ...dependencies, ...devDependencies, ...overrides })
    .filter(([, version]) => !EXACT_VERSION.test(version))
    .map(([name, version]) => `${name} must have an exact version, and has ${version}`);
}

export function licenceFindings(packages: readonly Locked[]): string[] {
  const production = packages.filter(({ dev }) => !dev);
  const refused = production.flatMap(({ name, license }) => {
    const exception = LICENCE_EXCEPTIONS[name];
    if (exception ? exception.licence === license : license !== undefined && LICENCES.has(license)) return [];
    return [
      `${name} has the licence ${String(license)}: allow it in tools/local/supply-chain-policy.ts, or drop it`,
    ];
  });
  return [...refused, ...unused('licence exception', Object.keys(LICENCE_EXCEPTIONS), production)];
}

/** @param npmrc the content of `.npmrc` */
export function scriptFindings(packages: readonly Locked[], npmrc: string): string[] {
  const withScript = packages.filter(({ hasInstallScript }) => hasInstallScript);
  const unknown = withScript.filter(({ name }) => !(name in INSTALL_SCRIPTS));
  return [
    ...(/^ignore-scripts=true$/m.test(npmrc) ? [] : ['.npmrc must have ignore-scripts=true']),
    ...unknown.map(
      ({ name }) =>
        `${name} has an install script: say in tools/local/supply-chain-policy.ts why it is not needed`,
    ),
    ...unused('install script', Object.keys(INSTALL_SCRIPTS), withScript),
  ];
}

/** Without an address, npm takes each package from the configured registry and compares its hash. */
export function originFindings(packages: readonly Locked[]): string[] {
  return packages.flatMap(({ name, resolved, integrity = '' }) => [
    ...(resolved === undefined ? [] : [`${name} is locked to an address: ${resolved}`]),
    ...(integrity.startsWith(INTEGRITY) ? [] : [`${name} is locked without a SHA-512 hash`]),
  ]);
}

function unused(what: string, names: readonly string[], packages: readonly Locked[]): string[] {
  return names
    .filter((listed) => !packages.some(({ name }) => name === listed))
    .map((listed) => `the ${what} of ${listed} is not needed any more: remove it from the policy`);
}
