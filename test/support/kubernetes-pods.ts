/** What a pod of deploy/kubernetes has, and must have. Other fields are errors: a typing error has no effect in a cluster. */
import { z } from 'zod';

export const object = z.strictObject;
export const labels = z.record(z.string(), z.string());
export const byLabels = object({ matchLabels: labels });
export const port = z.union([z.string(), z.number()]);
const quantities = object({ cpu: z.string(), memory: z.string(), 'ephemeral-storage': z.string() });
const httpGet = object({ path: z.string(), port });
const probe = object({
  httpGet,
  periodSeconds: z.number().optional(),
  timeoutSeconds: z.number().optional(),
  failureThreshold: z.number().optional(),
});
const container = object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  envFrom: z.array(object({ configMapRef: object({ name: z.string() }) })).default([]),
  env: z.array(object({ name: z.string(), value: z.string() })),
  ports: z.array(object({ name: z.string(), containerPort: z.number() })).default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  lifecycle: object({ preStop: object({ sleep: object({ seconds: z.number() }) }) }).optional(),
  securityContext: object({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: object({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  resources: object({ requests: quantities, limits: quantities }),
  volumeMounts: z.array(
    object({ name: z.string(), mountPath: z.string(), readOnly: z.literal(true).optional() }),
  ),
});
const volume = z.union([
  object({ name: z.string(), emptyDir: object({ sizeLimit: z.string() }) }),
  object({ name: z.string(), configMap: object({ name: z.string() }) }),
  object({ name: z.string(), secret: object({ secretName: z.string(), defaultMode: z.literal(0o440) }) }),
]);
const spread = object({
  maxSkew: z.number(),
  topologyKey: z.string(),
  whenUnsatisfiable: z.string(),
  labelSelector: byLabels,
});
export const template = object({
  metadata: object({ labels }),
  spec: object({
    serviceAccountName: z.string(),
    automountServiceAccountToken: z.literal(false),
    enableServiceLinks: z.literal(false),
    restartPolicy: z.literal('Never').optional(),
    terminationGracePeriodSeconds: z.number().optional(),
    topologySpreadConstraints: z.array(spread).optional(),
    securityContext: object({
      runAsNonRoot: z.literal(true),
      runAsUser: z.literal(1000),
      runAsGroup: z.literal(1000),
      fsGroup: z.literal(1000),
      seccompProfile: object({ type: z.literal('RuntimeDefault') }),
    }),
    containers: z.tuple([container]),
    volumes: z.array(volume),
  }),
});
