/** How a person, npm, a supervisor and a closed terminal end `npm start`: in order, and with nothing left behind. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { connectClient } from '../../platform/postgres-session';
import { eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { usersOf, whenNobodyUses } from '../support/leftovers';
import { freePorts, ready, scratch, start } from '../support/start';
import { inTerminal, openTerminal } from '../support/terminal';

/** A stop may take 10 s. */
const STOPPED_WITHIN_MS = 10_000;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function place() {
  const data = scratch();
  cleanups.push(() => {
    data.remove();
  });
  return { folder: data.folder, env: { ...(await freePorts()), DATA_DIR: data.folder } };
}

async function within(ms: number, what: Promise<unknown>): Promise<unknown> {
  const began = performance.now();
  const result = await what;
  expect(performance.now() - began).toBeLessThan(ms);
  return result;
}

inTerminal(
  'one Ctrl-C under npm start: it finishes what it has begun, and exits with 0',
  async () => {
    const { folder, env } = await place();
    const terminal = openTerminal(['npm', 'start'], env);
    await ready(terminal);
    const url = `http://127.0.0.1:${env.PORT}`;
    const customer = await newCustomer(url, '5.00');
    expect((await placeOrder(url, customer, '1.00', WAIT)).status).toBe(201);
    terminal.pressCtrlC();
    expect(await within(STOPPED_WITHIN_MS, terminal.exit)).toBe(0);
    expect(terminal.output()).toContain('Stopping: finishing the requests and steps in progress.');
    expect(terminal.output()).not.toContain('immediately');
    expect(usersOf(folder)).toEqual([]);
  },
  120_000,
);

inTerminal(
  'a second Ctrl-C that a person sends later: it ends at once, and says so',
  async () => {
    const { folder, env } = await place();
    const terminal = openTerminal(['npm', 'start'], env);
    await ready(terminal);
    const release = await holdARequest(env, folder);
    terminal.pressCtrlC();
    await eventually(() => Promise.resolve(terminal.output().includes('Stopping:') || undefined));
    // The first Ctrl-C is over: what arrives now is another one.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    terminal.pressCtrlC();
    expect(await within(2_000, terminal.exit)).not.toBe(0);
    expect(terminal.output()).toContain('stopping immediately: a second signal arrived');
    await whenNobodyUses(folder);
    await release();
  },
  120_000,
);

/** A request that waits for a locked row keeps the stop from being over within a second. */
async function holdARequest(env: { PORT: string; POSTGRES_PORT: string }, folder: string) {
  const url = `http://127.0.0.1:${env.PORT}`;
  const customer = await newCustomer(url, '5.00');
  const password = readFileSync(path.join(folder, 'postgres.password'), 'utf8');
  const holder = await connectClient(
    `postgres://postgres:${password}@127.0.0.1:${env.POSTGRES_PORT}/customers`,
    'test',
  );
  await holder.query('BEGIN');
  await holder.query('LOCK TABLE customers');
  const waiting = placeOrder(url, customer, '1.00', { Prefer: 'wait=30' }).catch(() => undefined);
  await eventually(async () => {
    const { rowCount } = await holder.query(
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    return rowCount === 0 ? undefined : true;
  });
  return async () => {
    await waiting;
    await holder.end().catch(() => undefined);
  };
}

inTerminal(
  'a closed terminal: it stops in order, and leaves nothing behind',
  async () => {
    const { folder, env } = await place();
    const terminal = openTerminal(['npm', 'start'], env);
    await ready(terminal);
    terminal.close();
    await within(STOPPED_WITHIN_MS, whenNobodyUses(folder));
    const again = start(env);
    await ready(again);
    expect(again.output()).not.toContain('left by an earlier start');
    again.process.kill('SIGTERM');
    expect(await again.exit).toBe(0);
  },
  120_000,
);

test('a supervisor that signals npm and its child: one graceful stop', async () => {
  const { folder, env } = await place();
  const started = start(env);
  await ready(started);
  for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const) started.process.kill(signal);
  expect(await within(STOPPED_WITHIN_MS, started.exit)).toBe(0);
  expect(usersOf(folder)).toEqual([]);
}, 120_000);

test('killed: the servers that it started end by themselves', async () => {
  const { folder, env } = await place();
  const started = start(env);
  await ready(started);
  expect(usersOf(folder).length).toBeGreaterThan(0);
  started.process.kill('SIGKILL');
  await started.exit;
  await whenNobodyUses(folder);
}, 120_000);

test('a signal while it starts: what runs already is stopped, and it exits with 0', async () => {
  const { folder, env } = await place();
  mkdirSync(folder, { recursive: true });
  const never = path.join(folder, 'temporal');
  writeFileSync(never, '#!/bin/sh\nwhile :; do sleep 1; done\n');
  chmodSync(never, 0o755);
  const started = start({ ...env, TEMPORAL_CLI_PATH: never });
  await eventually(() => Promise.resolve(usersOf(never).length > 0 || undefined));
  started.process.kill('SIGINT');
  expect(await within(STOPPED_WITHIN_MS, started.exit)).toBe(0);
  await whenNobodyUses(folder);
}, 60_000);
