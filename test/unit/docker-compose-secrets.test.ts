/** Who has which secret in docker-compose.yml, and what each service may do. Needs `sh` and `openssl`. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { readConfig } from '../../platform/config';
import {
  allServices,
  composeText,
  networks,
  read,
  secretsOfCompose,
  services,
} from '../support/compose-file';

const gateway = read('deploy/docker/gateway.conf');
const { made, makeSecrets, folderOf, environmentOf } = secretsOfCompose();

/** Every secret that a service can read: the passwords of URLs, and whole other files. */
const readable = (name: string) => {
  const folder = folderOf(name);
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
  for (const [name, { volumes }] of allServices) {
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
    (name) => folderOf(name) ?? '',
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
  for (const [name, { environment }] of allServices)
    for (const [variable, value] of Object.entries(environment))
      if (secret.test(variable.replace(/_FILE$/, '')))
        expect([name, variable, value]).toEqual([name, variable, expected]);
  expect(composeText).not.toMatch(/\$\{\w*(PASSWORD|PWD|TOKEN|KEY|SECRET)\w*:?-/);
  expect(composeText).not.toMatch(/:\/\/[^/\s]*@/);
});

test.each(allServices)(
  '%s has limits, a bounded log, and no right that it does not need',
  (name, service) => {
    const { cpus, memory } = service.deploy.resources.limits;
    expect(cpus).toBeLessThanOrEqual(1);
    expect(memory).toMatch(/^\d+[mg]$/);
    expect(service.pids_limit).toBeGreaterThan(0);
    expect(service.logging).toEqual({ driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } });
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.cap_add).toEqual(name === 'secrets' ? ['CHOWN'] : []);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    // The file says why.
    expect(service.read_only).toBe(name !== 'temporal-ui');
  },
);

test('only the gateway and the Temporal UI have ports, for this machine only', () => {
  const published = allServices.filter(([, { ports }]) => ports.length > 0);
  expect(published.map(([name]) => name)).toEqual(['temporal-ui', 'gateway']);
  for (const [, { ports }] of published)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{\w+:-\d+\}:8080$/);
});

test('each network has only those who need it', () => {
  const members = (network: string) =>
    allServices.filter(([, service]) => service.networks.includes(network)).map(([name]) => name);
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
