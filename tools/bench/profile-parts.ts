/** Sums up a profile of V8: how long a thread spent in each part of the process. */
import { z } from 'zod';

const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      children: z.array(z.number()).default([]),
    }),
  ),
  /** Ids of nodes. */
  samples: z.array(z.number()),
  /** Microseconds from the sample before. */
  timeDeltas: z.array(z.number()),
});

interface Frame {
  readonly functionName: string;
  readonly url: string;
}

export const IDLE = 'idle';

/** What V8 reports beside functions. */
const STATES: Readonly<Record<string, string>> = {
  '(idle)': IDLE,
  '(garbage collector)': 'garbage collection',
  '(program)': 'native code and system calls',
  '(root)': 'native code and system calls',
};

/** Of Node's own functions that no package has called. */
const NODE = 'Node: sockets, timers, promises';

/** By package; the first that matches. */
const PACKAGES: readonly (readonly [RegExp, string])[] = [
  [/^@temporalio\/core-bridge|^@temporalio\/worker/, 'SDK: bridge and worker'],
  [/^@temporalio\/|protobuf|^long$|^nexus-rpc$|^rxjs$/, 'SDK: client, messages'],
  [/^@prisma\//, 'Prisma'],
  [/^pg(-|$)|^postgres-|^split2$/, 'pg'],
  [/^zod$/, 'JSON and validation'],
  [/^pino|^sonic-boom$|^quick-format|^safe-stable|^@opentelemetry\//, 'log and metrics'],
  [/./, 'express and HTTP'],
];

/**
 * @param profile as the inspector returns it
 * @returns seconds by part: a function's own time, and that of the functions of Node and V8 that it calls
 */
export function secondsByPart(profile: unknown): ReadonlyMap<string, number> {
  const { nodes, samples, timeDeltas } = profileSchema.parse(profile);
  const parts = partsOfNodes(nodes);
  const seconds = new Map<string, number>();
  samples.forEach((id, index) => {
    const part = parts.get(id) ?? NODE;
    const microseconds = timeDeltas[index + 1] ?? 0;
    seconds.set(part, (seconds.get(part) ?? 0) + microseconds / 1e6);
  });
  return seconds;
}

/** A function of Node or V8 belongs to the part that calls it. */
function partsOfNodes(nodes: z.infer<typeof profileSchema>['nodes']): ReadonlyMap<number, string> {
  const parents = new Map(nodes.flatMap(({ id, children }) => children.map((child) => [child, id])));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parts = new Map<number, string>();
  const partOf = (id: number): string => {
    const known = parts.get(id);
    if (known !== undefined) return known;
    const [frame, parent] = [frames.get(id), parents.get(id)];
    const own = frame && ownPart(frame);
    // Below the root, nobody has called it.
    const part = own ?? (parent === undefined || parents.get(parent) === undefined ? NODE : partOf(parent));
    parts.set(id, part);
    return part;
  };
  for (const { id } of nodes) partOf(id);
  return parts;
}

function ownPart({ functionName, url }: Frame): string | undefined {
  const state = STATES[functionName];
  if (state !== undefined) return state;
  if (url === '' && (functionName === 'parse' || functionName === 'stringify')) return 'JSON and validation';
  if (/^node:_http|^node:internal\/http/.test(url)) return 'express and HTTP';
  if (url === '' || url.startsWith('node:')) return undefined;
  if (url.includes('workflow-bundle')) return 'the sagas in the sandbox';
  const [, packageName] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (packageName !== undefined) return PACKAGES.find(([names]) => names.test(packageName))?.[1];
  const [, folder = 'other'] = /\/dist\/([^/]+)\//.exec(url) ?? [];
  return folder === 'prisma' ? 'Prisma' : `our ${folder}`;
}
