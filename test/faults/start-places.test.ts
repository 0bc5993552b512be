/** `npm start` in special environments: beside a copy, without its npm, without Go, on a full disk, warm. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { whenNobodyUses } from '../support/leftovers';
import { freePorts, ready, ROOT, scratch, start } from '../support/start';

test('two copies run side by side, and a start without changes builds nothing', async () => {
  const data = [scratch(), scratch()] as const;
  const environments = await Promise.all(
    data.map(async ({ folder }) => ({ ...(await freePorts()), DATA_DIR: folder })),
  );
  const copies = environments.map((env) => start(env));
  await Promise.all(copies.map((copy) => ready(copy)));
  for (const { PORT } of environments) {
    const url = `http://127.0.0.1:${PORT}`;
    const customer = await newCustomer(url, '1.00');
    expect((await placeOrder(url, customer, '1.00', WAIT)).body).toMatchObject({ state: 'APPROVED' });
  }
  for (const copy of copies) {
    expect(copy.output()).toMatch(/Ready in \d+\.\d s/);
    expect(copy.output()).not.toMatch(/installing|generating|compiling|building/);
    copy.process.kill('SIGTERM');
    expect(await copy.exit).toBe(0);
  }
  for (const folder of data) folder.remove();
}, 120_000);

test('two starts at once on one DATA_DIR: one runs, and the other says so', async () => {
  const data = scratch();
  const starts = [start({ ...(await freePorts()), DATA_DIR: data.folder })];
  starts.push(start({ ...(await freePorts()), DATA_DIR: data.folder }));
  const refused = await Promise.race(
    starts.map(async (each) => ((await each.exit) === 1 ? each : undefined)),
  );
  expect(refused?.output()).toContain(`npm start already runs on ${data.folder}`);
  const other = starts.find((each) => each !== refused);
  if (other) await ready(other);
  other?.process.kill('SIGTERM');
  expect(await other?.exit).toBe(0);
  data.remove();
}, 120_000);

test('when npm is killed, the processes that it started stop', async () => {
  const data = scratch();
  const env = { ...process.env, ...(await freePorts()), DATA_DIR: data.folder };
  const npm = spawn('npm', ['start'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  await eventually(() => Promise.resolve(printed.includes('Ctrl-C stops everything') || undefined), 90_000);
  npm.kill('SIGKILL');
  await eventually(() => Promise.resolve(printed.includes('npm has exited') || undefined));
  await whenNobodyUses(data.folder);
  data.remove();
}, 200_000);

test('without the Temporal CLI, a download and Go: one message with the ways to install it', async () => {
  const data = scratch();
  const bin = path.join(data.folder, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, path.join(bin, 'node'));
  const started = start({
    ...(await freePorts()),
    DATA_DIR: path.join(data.folder, 'data'),
    PATH: bin,
    XDG_CACHE_HOME: path.join(data.folder, 'cache'),
    HTTPS_PROXY: 'http://127.0.0.1:1',
    TEMPORAL_CLI_PATH: '',
  });
  expect(await started.exit).toBe(1);
  expect(started.output()).toMatch(/TEMPORAL_CLI_PATH.*or install Go.*or set TEMPORAL_ADDRESS/);
  expect(started.output()).not.toMatch(/^\s+at /m);
  data.remove();
}, 120_000);

/** Only root may mount a small file system. */
const onSmallDisk = process.getuid?.() === 0 && process.platform === 'linux' ? test : test.skip;

onSmallDisk('a DATA_DIR without room is one line that names it', async () => {
  const data = scratch();
  mkdirSync(data.folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', data.folder]);
  try {
    const started = start({ ...(await freePorts()), DATA_DIR: data.folder });
    expect(await started.exit).toBe(1);
    expect(started.output()).toMatch(/^DATA_DIR .* has \d MB free but needs 200 MB/m);
  } finally {
    execFileSync('umount', [data.folder]);
    data.remove();
  }
});
