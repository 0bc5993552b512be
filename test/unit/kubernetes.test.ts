/** Checks deploy/kubernetes without a cluster; the schemas of test/support have what each pod must have. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { authenticationOf } from '../../api/authentication-settings';
import { ENVIRONMENT_NAMES, readConfig } from '../../platform/config';
import { distributedRoles, environmentOf as roleEnvironment, relayOf } from '../../tools/local/topology';
import { read } from '../support/compose-file';
import { MANIFESTS, manifests, manifestsOf, workloads } from '../support/kubernetes-manifests';

const NAME = 'app.kubernetes.io/name';
const deployments = manifestsOf('Deployment');
const configuration = read('docs/configuration.md');
const deployment = read('docs/deployment.md');
const named = workloads.map((workload) => [workload.name, workload] as const);
type Workload = (typeof workloads)[number];

const EXAMPLE_URL =
  'postgres://role:password@db.example.com:5432/orders?sslmode=verify-full&sslrootcert=/run/postgres-ca/ca.crt';
/** By key of a secret; a URL for all others. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'service-tokens': 'a'.repeat(32),
  keys: `2026-12:${Buffer.alloc(32).toString('base64')}`,
};

const folder = mkdtempSync(path.join(tmpdir(), 'kubernetes-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const containerOf = ({ template }: Workload) => template.spec.containers[0];
const configMaps = new Map(manifestsOf('ConfigMap').map(({ metadata, data }) => [metadata.name, data]));

/** As the cluster gives it to the process, on the image. */
function environmentOf(workload: Workload): Record<string, string> {
  const { env, envFrom } = containerOf(workload);
  const maps = envFrom.map(({ configMapRef }) => configMaps.get(configMapRef.name) ?? {});
  const own = env.map(({ name, value }) => [name, value] as const);
  return Object.fromEntries([['HOST', '0.0.0.0'], ...maps.flatMap((map) => Object.entries(map)), ...own]);
}

test('every manifest is in the kustomization of its folder, with the image that it names', () => {
  const image = z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() });
  const schema = z.object({ resources: z.array(z.string()), images: z.array(image) });
  for (const part of ['migrations', 'services']) {
    const text = readFileSync(path.join(MANIFESTS, part, 'kustomization.yaml'), 'utf8');
    const { resources, images } = schema.parse(parse(text));
    const there = manifests.filter(({ file }) => path.dirname(file) === part);
    expect(resources.sort()).toEqual([...new Set(there.map(({ file }) => path.basename(file)))].sort());
    expect(images.map(({ name }) => name)).toEqual(['order-saga']);
  }
  for (const workload of workloads) expect(containerOf(workload).image).toBe('order-saga');
});

test.each(named)(
  '%s gets only documented variables, and starts with them and its secrets',
  (name, workload) => {
    const environment = environmentOf(workload);
    for (const variable of Object.keys(environment)) {
      const isTls = variable.startsWith('TEMPORAL_TLS');
      if (!isTls) expect(ENVIRONMENT_NAMES).toContain(variable);
      expect(configuration).toContain(isTls ? '`TEMPORAL_TLS_*`' : `\`${variable}\``);
    }
    const { volumes } = workload.template.spec;
    const files = Object.entries(environment).filter(([, value]) => value.startsWith('/'));
    for (const [variable, file] of files) {
      const mount = containerOf(workload).volumeMounts.find(
        ({ mountPath }) => mountPath === path.dirname(file),
      );
      const volume = volumes.find((one) => one.name === mount?.name);
      const secret = volume !== undefined && 'secret' in volume ? volume.secret.secretName : undefined;
      // Its line in the table of the secrets names the key.
      const line = deployment.split('\n').find((one) => one.startsWith(`| \`${String(secret)}\``));
      expect([name, variable, secret, line]).toEqual([
        ...[name, variable, expect.any(String)],
        expect.stringContaining(`\`${path.basename(file)}\``),
      ]);
      mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(folder, file), EXAMPLES[path.basename(file)] ?? EXAMPLE_URL);
    }
    const mounted = Object.fromEntries(files.map(([variable, file]) => [variable, path.join(folder, file)]));
    const config = readConfig({ ...environment, ...mounted });
    if (config.temporal)
      expect(config.temporal.tls).toMatchObject({
        serverNameOverride: expect.any(String),
        serverRootCACertificate: expect.anything(),
        clientCertPair: { crt: expect.anything(), key: expect.anything() },
      });
    if (containerOf(workload).command[1] === 'dist/api/main.js')
      expect(authenticationOf(config).serviceTokens).toHaveLength(1);
    // Whatever is mounted has a use.
    const used = new Set(files.map(([, file]) => path.dirname(file)));
    const secrets = containerOf(workload).volumeMounts.filter(({ mountPath }) =>
      mountPath.startsWith('/run/secrets/'),
    );
    expect(new Set(secrets.map(({ mountPath }) => mountPath))).toEqual(used);
  },
);

test('no secret has a value here', () => {
  for (const workload of workloads)
    for (const [variable, value] of Object.entries(environmentOf(workload)))
      if (/PASSWORD|TOKEN|KEY|DATABASE_\w*URL|SECRET/.test(variable))
        expect([variable, value]).toEqual([variable, expect.stringMatching(/^\/run\/secrets\//)]);
  for (const { metadata } of manifestsOf('ServiceAccount'))
    expect(workloads.map(({ name }) => name)).toContain(metadata.name);
});

test('each process has its role in the topology of npm run start:distributed, and its own secrets', () => {
  const at = (service: string) => `http://${service}:3000`;
  const roles = distributedRoles({
    customerService: at('customer-service'),
    orderHistory: at('order-history'),
    eventFeed: at('order-service'),
  });
  const expected = {
    'order-service': roles.order,
    'customer-service': roles.customer,
    'order-history': roles.history,
    'order-relay': relayOf('order'),
    'customer-relay': relayOf('customer'),
  };
  expect(deployments.map(({ metadata }) => metadata.name).sort()).toEqual(Object.keys(expected).sort());
  for (const workload of workloads.filter(({ of }) => of === 'Deployment')) {
    const role = Object.entries(expected).find(([name]) => name === workload.name)?.[1];
    const { SERVICES, ...others } = roleEnvironment(role ?? relayOf(), () => '');
    const environment = environmentOf(workload);
    expect(environment).toMatchObject({ ...role?.env, SERVICES });
    const names = Object.keys(environment).map((name) => name.replace(/_FILE$/, ''));
    expect(names.filter((name) => name.includes('DATABASE'))).toEqual(
      Object.keys(others).filter((name) => name.includes('DATABASE')),
    );
    expect(containerOf(workload).command[1]).toBe(`dist/${String(role?.script)}`);
    expect(workload.template.spec.serviceAccountName).toBe(workload.name);
    const [database] = workload.template.spec.volumes.flatMap((one) =>
      'secret' in one && one.name === 'database' ? [one.secret.secretName] : [],
    );
    expect(database).toBe(
      `${workload.name === 'order-history' ? 'order-history' : String(SERVICES)}-database`,
    );
  }
});

test('each pod ends in time, is probed where it serves HTTP, and is not replaced before its successor is ready', () => {
  const [, within = ''] = /STOP_WITHIN_MS = ([\d_]+)/.exec(read('platform/shutdown.ts')) ?? [];
  const [, checks = ''] = /CHECK_TIMEOUT_MS = ([\d_]+)/.exec(read('api/operations/shared-check.ts')) ?? [];
  const seconds = (text: string) => Number(text.replaceAll('_', '')) / 1_000;
  for (const { metadata, spec } of deployments) {
    const { terminationGracePeriodSeconds = 0, containers } = spec.template.spec;
    const [{ env, lifecycle, ports, startupProbe, livenessProbe, readinessProbe }] = containers;
    expect(terminationGracePeriodSeconds).toBeGreaterThan(
      (lifecycle?.preStop.sleep.seconds ?? 0) + seconds(within),
    );
    expect(spec.replicas).toBeGreaterThan(1);
    if (metadata.name.endsWith('-relay')) continue;
    const metrics = env.find(({ name }) => name === 'METRICS_PORT')?.value;
    expect(ports).toEqual([
      { name: 'http', containerPort: 3000 },
      { name: 'metrics', containerPort: Number(metrics) },
    ]);
    expect([startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet)).toEqual(
      ['/livez', '/livez', '/readyz'].map((where) => ({ path: where, port: 'metrics' })),
    );
    expect(readinessProbe?.timeoutSeconds).toBeGreaterThan(seconds(checks));
  }
});

test('selectors find their pods', () => {
  for (const { metadata, spec } of deployments) {
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    expect(spec.selector.matchLabels).toEqual({ [NAME]: metadata.name });
    const spreads = spec.template.spec.topologySpreadConstraints ?? [];
    expect(spreads.map(({ labelSelector }) => labelSelector)).toEqual([spec.selector]);
    const budgets = manifestsOf('PodDisruptionBudget').filter((one) => one.metadata.name === metadata.name);
    expect(budgets.map((budget) => budget.spec)).toEqual([{ minAvailable: 1, selector: spec.selector }]);
  }
  const services = manifestsOf('Service');
  expect(services.map(({ metadata }) => metadata.name).sort()).toEqual([
    'customer-service',
    'order-history',
    'order-service',
  ]);
  for (const { metadata, spec } of services)
    expect(spec).toEqual({
      selector: { [NAME]: metadata.name },
      ports: [{ name: 'http', port: 3000, targetPort: 'http' }],
    });
  for (const { spec } of manifestsOf('Ingress'))
    expect(spec.rules.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service))).toEqual([
      { name: 'order-service', port: { name: 'http' } },
    ]);
});

test('the network is closed, but for what each process needs', () => {
  const policies = manifestsOf('NetworkPolicy').map(({ spec }) => spec);
  expect(policies).toContainEqual({
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
    ingress: [],
    egress: [],
  });
  const names = workloads.map(({ name }) => name);
  const selected = ({ matchLabels, matchExpressions }: (typeof policies)[number]['podSelector']) => {
    const chosen = [...Object.values(matchLabels ?? {}), ...(matchExpressions?.[0].values ?? [])];
    for (const name of chosen) expect(names).toContain(name);
    return chosen.length === 0 ? ['*'] : chosen;
  };
  const peers = (list: (typeof policies)[number]['egress'][number]['to']) =>
    list.flatMap(({ podSelector, namespaceSelector, ipBlock }) =>
      podSelector
        ? selected(podSelector)
        : [ipBlock?.cidr ?? Object.values(namespaceSelector?.matchLabels ?? {}).join()],
    );
  const rules = policies.flatMap(({ podSelector, ingress, egress, policyTypes }) => {
    expect(policyTypes).toEqual(
      expect.arrayContaining([
        ...(ingress.length > 0 ? ['Ingress'] : []),
        ...(egress.length > 0 ? ['Egress'] : []),
      ]),
    );
    return selected(podSelector).flatMap((name) => [
      ...ingress.flatMap(({ from, ports }) =>
        peers(from).flatMap((other) => ports.map(({ port }) => `in: ${other} -> ${name}:${String(port)}`)),
      ),
      ...egress.flatMap(({ to, ports }) =>
        peers(to).flatMap((other) => ports.map(({ port }) => `out: ${name} -> ${other}:${String(port)}`)),
      ),
    ]);
  });
  const inside = [
    ['order-service', 'customer-service'],
    ['order-service', 'order-history'],
    ['order-history', 'order-service'],
  ] as const;
  const http = ['order-service', 'customer-service', 'order-history'];
  expect([...new Set(rules)].sort()).toEqual(
    [
      'out: * -> kube-system:53',
      ...names.map((name) => `out: ${name} -> 10.0.0.0/8:5432`),
      ...inside.flatMap(([from, to]) => [`out: ${from} -> ${to}:3000`, `in: ${from} -> ${to}:3000`]),
      'in: ingress -> order-service:3000',
      ...http.flatMap((name) => [`in: monitoring -> ${name}:9464`, `out: ${name} -> 0.0.0.0/0:443`]),
      ...['order-service', 'customer-service'].map((name) => `out: ${name} -> temporal:7233`),
    ].sort(),
  );
});
