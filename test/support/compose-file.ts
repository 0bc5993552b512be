/** docker-compose.yml, and the secrets that it makes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROOT } from './start';

/** @returns the text of a file of the project */
export function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

export const composeText = read('docker-compose.yml');
export const composeDocument: unknown = parse(composeText, { merge: true });

const serviceSchema = z.object({
  image: z.string(),
  restart: z.string(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  healthcheck: z.unknown().optional(),
  networks: z.array(z.string()).default([]),
  command: z.array(z.string()).optional(),
  build: z.string().optional(),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  read_only: z.boolean(),
  cap_add: z.array(z.string()).default([]),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  pids_limit: z.number(),
  logging: z.unknown(),
  deploy: z.object({
    resources: z.object({ limits: z.object({ cpus: z.coerce.number(), memory: z.string() }) }),
  }),
});
export const { services, networks } = z
  .object({
    services: z.record(z.string(), serviceSchema),
    networks: z.record(z.string(), z.object({ internal: z.boolean() }).nullable()),
  })
  .parse(composeDocument);

export const allServices = Object.entries(services);

/** The processes of the product. */
export const ourServices = allServices.filter(
  ([name, { build }]) => build !== undefined && name !== 'secrets',
);

/** Before the tests of a file, does what the service `secrets` does. */
export function secretsOfCompose() {
  const made = mkdtempSync(path.join(tmpdir(), 'compose-secrets-'));
  const makeSecrets = () => {
    execFileSync('sh', [path.join(ROOT, 'deploy/docker/make-secrets.sh'), made], { stdio: 'pipe' });
  };
  beforeAll(makeSecrets);
  afterAll(() => {
    rmSync(made, { recursive: true });
  });
  /** The folder with the files that a service has at /run/secrets; undefined: none. */
  const folderOf = (name: string) => {
    const volume = mountsOf(name).get('/run/secrets');
    const [folder] = [...mountsOf('secrets')].find(([, from]) => from === volume) ?? [];
    return folder?.replace(/^\/secrets/, made);
  };
  /** As compose gives it to a service without an .env file, and with the files that were made. */
  const environmentOf = (name: string) =>
    Object.fromEntries(
      Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [
        key,
        withDefaults(String(value)).replace(/^\/run\/secrets/, folderOf(name) ?? '/not-mounted'),
      ]),
    );
  return { made, makeSecrets, folderOf, environmentOf };
}

/** By path in the service: the volume or file. */
function mountsOf(name: string): ReadonlyMap<string, string> {
  const volumes = services[name]?.volumes ?? [];
  return new Map(volumes.map((volume) => volume.split(':', 2)).map(([from = '', to = '']) => [to, from]));
}

function withDefaults(value: string): string {
  return value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
}
