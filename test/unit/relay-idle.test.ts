/** How many statements a relay sends when nothing happens. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Sql } from '@prisma/client/runtime/client';
import type { SqlDatabase } from '../../events/sql';
import { createLogger } from '../../platform/logger';
import { Notifier } from '../../platform/notifier';
import { type Relay, startRelay } from '../../workers/outbox-relay';

const sent: string[] = [];
let relay: Relay | undefined;

/** Without events. */
const emptyOutbox: SqlDatabase = {
  $queryRaw: <Rows>({ text }: Sql) => {
    sent.push(text);
    return Promise.resolve([{ locked: true, examined: 0, pruned: 0 }] as Rows);
  },
};

beforeEach(() => {
  sent.length = 0;
  jest.useFakeTimers();
});
afterEach(async () => {
  await relay?.stop();
  jest.useRealTimers();
});

test('an idle minute costs one statement a second, and one to prune', async () => {
  relay = startRelay({
    service: 'order',
    db: emptyOutbox,
    committed: new Notifier(),
    retentionMs: 3_600_000,
    logger: createLogger('silent'),
  });
  await jest.advanceTimersByTimeAsync(59_500);
  const prunes = sent.filter((text) => text.includes('prune_outbox'));
  expect([sent.length, prunes.length]).toEqual([61, 1]);
});
