/** `npm run bench -- idle`: the processor time of `npm run start:distributed` while nobody uses it. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../local/free-port';
import { ProductProcess } from '../local/product-process';
import { step } from '../local/progress.cjs';
import { scratchFolder } from '../local/scratch-postgres';
import { until } from '../local/until';
import { childrenOf, processorSeconds, serverSeconds } from './processor-time';
import type { Judged } from './report';
import { approved, newCustomers } from './requests';

/** 120 s: two servers and seven processes start, one after the other. */
const READY_WITHIN_MS = 120_000;
/** 15 s: a graceful shutdown takes at most 10 s. */
const STOP_WITHIN_MS = 15_000;

/** 90 s: until then V8 compiles what is used, and compacts the memory that the start has left. */
const SETTLE_MS = 90_000;

/** 60 s: all that is done once a second or once in ten seconds, many times; and the ticks of /proc are a hundredth. */
const WINDOW_MS = 60_000;

/** Of its output, when it does not become ready. */
const LINES_SHOWN = 20;

/** A line by which the start reports a process. */
const READY_LINE = /^(\S+)\s+\| ready.*, pid (\d+)$/;

interface IdleResult extends Judged {
  /** Seconds of processor time in a minute by process, with that of its children: medians of all rounds. */
  readonly secondsAMinute: Readonly<Record<string, number>>;
  readonly total: number;
}

/** @param rounds minutes */
export async function measureIdle(rounds: number): Promise<IdleResult> {
  const folder = scratchFolder();
  const [port, postgres, temporal, ui] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const start = new ProductProcess({
    name: 'npm run start:distributed',
    script: 'tools/local/distributed.js',
    port,
    env: {
      ...{ PATH: process.env['PATH'], TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'] },
      ...{ DATA_DIR: folder, POSTGRES_PORT: String(postgres) },
      ...{ TEMPORAL_PORT: String(temporal), TEMPORAL_UI_PORT: String(ui) },
    },
  });
  try {
    await step('starting the distributed product', async () => {
      start.start();
      const isReady = () => start.lines.some((line) => line.includes('Ready in'));
      const inTime = await until(isReady, { everyMs: 100, withinMs: READY_WITHIN_MS });
      if (!inTime) throw new Error(['it is not ready:', ...start.lines.slice(-LINES_SHOWN)].join('\n'));
      const [customer = ''] = await newCustomers(start.url, 1);
      await approved(start.url, customer);
      await sleep(SETTLE_MS);
    });
    const taken: Readonly<Record<string, number>>[] = [];
    for (let round = 1; round <= rounds; round += 1)
      taken.push(await step(`minute ${String(round)} of ${String(rounds)}`, () => oneMinute(start)));
    const medians = Object.keys(taken[0] ?? {}).map(
      (name) => [name, medianOf(taken.map((minute) => minute[name] ?? NaN))] as const,
    );
    const totals = taken.map((minute) => Object.values(minute).reduce((sum, seconds) => sum + seconds, 0));
    return { secondsAMinute: Object.fromEntries(medians), total: medianOf(totals) };
  } finally {
    await start.stop(STOP_WITHIN_MS);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function oneMinute(start: ProductProcess): Promise<Readonly<Record<string, number>>> {
  const [before, began] = [secondsByProcess(start), performance.now()];
  await sleep(WINDOW_MS);
  const [after, minutes] = [secondsByProcess(start), (performance.now() - began) / 60_000];
  return Object.fromEntries(
    [...after].map(([name, seconds]) => [name, (seconds - (before.get(name) ?? 0)) / minutes]),
  );
}

function secondsByProcess({ child, lines }: ProductProcess): ReadonlyMap<string, number> {
  const parent = child?.process.pid ?? 0;
  const names = new Map<number, string>();
  for (const line of lines) {
    const [, name, pid] = READY_LINE.exec(line) ?? [];
    if (name !== undefined) names.set(Number(pid), name);
  }
  const seconds = new Map([['start and balancers', processorSeconds(parent) ?? NaN]]);
  for (const [pid, program] of childrenOf(parent)) {
    const name = names.get(pid) ?? program;
    seconds.set(name, (seconds.get(name) ?? 0) + serverSeconds(pid));
  }
  return seconds;
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

export function printIdle({ secondsAMinute, total }: IdleResult): void {
  console.log('seconds of processor time in an idle minute:');
  for (const [name, seconds] of Object.entries(secondsAMinute))
    console.log(`${name.padEnd(20)} ${seconds.toFixed(2)}`);
  console.log(`${'total'.padEnd(20)} ${total.toFixed(2)}`);
}
