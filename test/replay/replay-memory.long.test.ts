/** However many histories there are: few of them are in memory, and what diverges in one way is one divergence. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ofFiles, ofServer, type ServerHistories } from '../../ops/replay/history-sources';
import { replay } from '../../ops/replay/replay';
import { HistoryFiles, RECORDED } from '../support/history-files';
import { eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { testServers } from '../support/servers';
import { startSystem, type TestSystem } from '../support/system';

const files = new HistoryFiles();
let system: TestSystem;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

const ownCode = () => ({ workflowBundle: { codePath: testServers().bundlePath } });

test('many equal divergences are reported as one', async () => {
  const [history] = [...ofFiles([files.diverging('many')])];
  const many = Array.from({ length: 50 }, (_, index) => ({
    workflowId: `order-${String(index)}`,
    history: history?.history,
  }));
  const ways = new Map<string, number>();
  for await (const { divergence } of replay(ownCode(), many)) {
    const way = `${String(divergence?.recorded)} ${String(divergence?.now)}`;
    ways.set(way, (ways.get(way) ?? 0) + 1);
  }
  expect([...ways]).toEqual([['checkFraud reserveCredit', 50]]);
});

test('histories are read as they are replayed: few are in memory at a time', async () => {
  let read = 0;
  let most = 0;
  const many = function* () {
    for (const one of ofFiles(Array.from({ length: 100 }, () => RECORDED))) {
      read += 1;
      yield { ...one, workflowId: `${one.workflowId}-${String(read)}` };
    }
  };
  let answered = 0;
  for await (const { divergence } of replay(ownCode(), many())) {
    expect(divergence).toBeUndefined();
    answered += 1;
    most = Math.max(most, read - answered);
  }
  expect(answered).toBe(100);
  expect(most).toBeLessThanOrEqual(3);
});

test('few histories are downloaded ahead, none beyond the limit; a missing one does not end the replay', async () => {
  const customer = await newCustomer(system.url, '1000.00');
  const placed = new Set<string>();
  while (placed.size < 20) {
    const { body } = await placeOrder(system.url, customer, '1.00', WAIT);
    placed.add(`order-${String(body['orderId'])}`);
  }
  const query = 'WorkflowType = "createOrderSaga"';
  const { client } = system;
  await eventually(async () => ((await client.workflow.count(query)).count >= 20 ? true : undefined));
  let downloads = 0;
  const counted = (withOneGone: boolean): ServerHistories['client'] => ({
    workflow: {
      list: (options) => {
        const listed = client.workflow.list(options);
        return withOneGone
          ? Object.assign(Object.create(listed) as typeof listed, afterOneGone(listed))
          : listed;
      },
      getHandle: (workflowId, runId) => {
        downloads += 1;
        return client.workflow.getHandle(workflowId, runId);
      },
    },
  });
  let read = 0;
  for await (const { workflowId } of ofServer({ client: counted(false), query, limit: Infinity })) {
    expect(workflowId).toMatch(/^order/);
    read += 1;
    // Who reads slowly: meanwhile much more could be downloaded.
    await client.workflow.count(query);
    expect(downloads - read).toBeLessThanOrEqual(5);
  }
  expect(read).toBeGreaterThanOrEqual(20);

  downloads = 0;
  const limited: string[] = [];
  const gone: string[] = [];
  const onGone = (workflowId: string) => {
    gone.push(workflowId);
  };
  for await (const { workflowId } of ofServer({ client: counted(true), query, limit: 3, onGone }))
    limited.push(workflowId);
  expect([limited.length, gone, downloads]).toEqual([3, [GONE], 4]);
});

/** Listed a moment ago, and deleted since. */
const GONE = 'order-that-is-gone';

function afterOneGone(listed: ReturnType<TestSystem['client']['workflow']['list']>) {
  return {
    async *[Symbol.asyncIterator]() {
      for await (const one of listed) {
        yield { ...one, workflowId: GONE, runId: randomUUID() };
        yield one;
        break;
      }
      yield* listed;
    },
  };
}
