/** One address for several processes: each new connection goes to the next one that is ready and accepts it. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** 200 ms: a process that is about to stop says so for 500 ms before it takes no more connections. */
const LOOK_EVERY_MS = 200;

/** 1 s: one that is stopped or stalled does not answer at all. */
const ANSWER_WITHIN_MS = 1_000;

export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * A connection that no target accepts is closed; one whose target dies is closed too, and its client asks
 * again. When none is ready, any that accepts has it, and says itself what is wrong.
 *
 * @throws Error when the port is taken
 */
export function startBalancer(listenAt: Target, targets: readonly Target[]): Promise<Server> {
  let turn = 0;
  const unready = new Set<Target>();
  const closing = new AbortController();
  const server = createServer((near) => {
    near.on('error', () => undefined);
    const inTurn = [...targets.slice(turn), ...targets.slice(0, turn)];
    turn = (turn + 1) % targets.length;
    const ready = inTurn.filter((target) => !unready.has(target));
    handOver(near, [...ready, ...inTurn.filter((target) => unready.has(target))]);
  });
  server.once('close', () => {
    closing.abort();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenAt.port, listenAt.host, () => {
      for (const target of targets) void watch(target, unready, closing.signal);
      resolve(server);
    });
  });
}

async function watch(target: Target, unready: Set<Target>, closing: AbortSignal): Promise<void> {
  const url = `http://${target.host}:${String(target.port)}/readyz`;
  while (!closing.aborted) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) unready.delete(target);
    else unready.add(target);
    // It is closing, which ends the loop.
    await sleep(LOOK_EVERY_MS, undefined, { signal: closing, ref: false }).catch(() => undefined);
  }
}

function handOver(near: Socket, [target, ...others]: readonly Target[]): void {
  if (!target) {
    near.destroy();
    return;
  }
  const far = connect(target.port, target.host);
  const next = (): void => {
    handOver(near, others);
  };
  far.once('error', next);
  far.once('connect', () => {
    far.off('error', next);
    pipeline(near, far, near, () => undefined);
  });
}
