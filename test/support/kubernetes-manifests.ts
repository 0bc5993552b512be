/** The manifests in deploy/kubernetes. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { byLabels, labels, object, port, template } from './kubernetes-pods';
import { ROOT } from './start';

const metadata = object({ name: z.string(), namespace: z.literal('order-saga') });
const expression = object({
  key: z.literal('app.kubernetes.io/name'),
  operator: z.literal('In'),
  values: z.array(z.string()),
});
const podSelector = object({
  matchLabels: labels.optional(),
  matchExpressions: z.tuple([expression]).optional(),
});
const peer = object({
  podSelector: podSelector.optional(),
  namespaceSelector: byLabels.optional(),
  ipBlock: object({ cidr: z.string() }).optional(),
});
const ports = z.array(object({ protocol: z.enum(['TCP', 'UDP']), port: z.number() }));
const backend = object({ service: object({ name: z.string(), port: object({ name: z.string() }) }) });
const ingressRule = object({
  host: z.string(),
  http: object({ paths: z.array(object({ path: z.string(), pathType: z.string(), backend })) }),
});
const kind = <Kind extends string, Version extends string>(name: Kind, apiVersion: Version) => ({
  kind: z.literal(name),
  apiVersion: z.literal(apiVersion),
});

const manifest = z.discriminatedUnion('kind', [
  object({ ...kind('Namespace', 'v1'), metadata: object({ name: z.string(), labels }) }),
  object({ ...kind('ServiceAccount', 'v1'), metadata, automountServiceAccountToken: z.literal(false) }),
  object({ ...kind('ConfigMap', 'v1'), metadata, data: z.record(z.string(), z.string()) }),
  object({
    ...kind('Service', 'v1'),
    metadata,
    spec: object({
      selector: labels,
      ports: z.array(object({ name: z.string(), port: z.number(), targetPort: port })),
    }),
  }),
  object({
    ...kind('Job', 'batch/v1'),
    metadata,
    spec: object({ backoffLimit: z.number(), activeDeadlineSeconds: z.number(), template }),
  }),
  object({
    ...kind('Deployment', 'apps/v1'),
    metadata,
    spec: object({
      replicas: z.number(),
      revisionHistoryLimit: z.number(),
      strategy: object({ rollingUpdate: object({ maxUnavailable: z.literal(0), maxSurge: z.number() }) }),
      selector: byLabels,
      template,
    }),
  }),
  object({
    ...kind('PodDisruptionBudget', 'policy/v1'),
    metadata,
    spec: object({ minAvailable: z.number(), selector: byLabels }),
  }),
  object({
    ...kind('NetworkPolicy', 'networking.k8s.io/v1'),
    metadata,
    spec: object({
      podSelector,
      policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
      ingress: z.array(object({ from: z.array(peer), ports })).default([]),
      egress: z.array(object({ to: z.array(peer), ports })).default([]),
    }),
  }),
  object({
    ...kind('Ingress', 'networking.k8s.io/v1'),
    metadata,
    spec: object({
      ingressClassName: z.string(),
      tls: z.array(object({ hosts: z.array(z.string()), secretName: z.string() })),
      rules: z.array(ingressRule),
    }),
  }),
]);

export const MANIFESTS = path.join(ROOT, 'deploy/kubernetes');

/** By path below deploy/kubernetes; without the kustomizations. */
const files = readdirSync(MANIFESTS, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.yaml') && path.basename(file) !== 'kustomization.yaml',
);

export const manifests = files.flatMap((file) =>
  parseAllDocuments(readFileSync(path.join(MANIFESTS, file), 'utf8')).map((document) => ({
    file,
    ...manifest.parse(document.toJS(), { error: (issue) => `${file}: ${issue.message ?? ''}` }),
  })),
);

/** Of one kind. */
export function manifestsOf<Kind extends (typeof manifests)[number]['kind']>(name: Kind) {
  const isOf = (
    one: (typeof manifests)[number],
  ): one is Extract<(typeof manifests)[number], { kind: Kind }> => one.kind === name;
  return manifests.filter(isOf);
}

/** The pods: of deployments, and of the job. */
export const workloads = [...manifestsOf('Deployment'), ...manifestsOf('Job')].map(
  ({ kind: of, metadata: { name }, spec }) => ({ of, name, template: spec.template }),
);
