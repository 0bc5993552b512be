/** The parts of a profile, as `bench -- profile` reports them. */
import { expect, test } from '@jest/globals';
import { secondsByPart } from '../../tools/bench/profile-parts';

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

const node = (id: number, functionName: string, url = '', children: readonly number[] = []): Node => ({
  ...{ id, callFrame: { functionName, url } },
  children,
});

/** Each sample took a second. */
function profileOf(nodes: readonly Node[], samples: readonly number[]): object {
  return { nodes, samples, timeDeltas: [0, ...samples.map(() => 1_000_000)] };
}

test('a function of Node or V8 belongs to the part that calls it', () => {
  const pg = 'file:///shop/node_modules/pg/lib/client.js';
  const profile = profileOf(
    [
      node(1, '(root)', '', [2, 5]),
      node(2, 'query', pg, [3]),
      node(3, 'writeGeneric', 'node:net', [4]),
      node(4, 'writeUtf8String'),
      node(5, 'processTimers', 'node:internal/timers'),
    ],
    [2, 3, 4, 5],
  );
  expect(Object.fromEntries(secondsByPart(profile))).toEqual({ pg: 3, 'Node: sockets, timers, promises': 1 });
});

test('packages, our folders, JSON, the sandbox and the states of V8 are parts of their own', () => {
  const at = (name: string) => `/shop/node_modules/${name}/index.js`;
  const nodes = [
    node(2, 'handle', at('router'), [11]),
    node(3, 'emit', 'node:_http_server'),
    node(4, 'poll', at('@temporalio/worker')),
    node(5, 'finish', at('protobufjs')),
    node(6, 'run', at('@prisma/client/node_modules/@prisma/adapter-pg')),
    node(7, 'asJson', at('pino')),
    node(8, 'activate', 'workflow-bundle-1.js'),
    node(9, '(garbage collector)'),
    node(10, '(idle)'),
    node(11, 'stringify', '', [12]),
    node(12, 'toJSON', '/shop/dist/api/orders/order-json.js'),
  ];
  const root = node(1, '(root)', '', [2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const seconds = secondsByPart(
    profileOf(
      [root, ...nodes],
      nodes.map(({ id }) => id),
    ),
  );
  expect(Object.fromEntries(seconds)).toEqual({
    'express and HTTP': 2,
    'SDK: bridge and worker': 1,
    'SDK: client, messages': 1,
    Prisma: 1,
    'log and metrics': 1,
    'the sagas in the sandbox': 1,
    'garbage collection': 1,
    idle: 1,
    'JSON and validation': 1,
    'our api': 1,
  });
});
