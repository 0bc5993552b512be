/** A TCP load balancer: each new connection goes to the next ready process that accepts it. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpUrl } from '../../platform/http-url';

/** 200 ms: a stopping process reports 503 for 500 ms before it closes its port. */
const POLL_MS = 200;

/** 1 s: a suspended process does not answer. */
const PROBE_TIMEOUT_MS = 1_000;

export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * Closes a connection that no target accepts, or whose target dies; its client retries. When no target is
 * ready, any target that accepts gets the connection and answers 503 itself.
 *
 * @throws Error when the port is in use
 */
export function startBalancer(address: Target, targets: readonly Target[]): Promise<Server> {
  let next = 0;
  const unready = new Set<Target>();
  const closing = new AbortController();
  const server = createServer((client) => {
    client.on('error', () => undefined);
    const rotated = [...targets.slice(next), ...targets.slice(0, next)];
    next = (next + 1) % targets.length;
    const ready = rotated.filter((target) => !unready.has(target));
    forward(client, [...ready, ...rotated.filter((target) => unready.has(target))]);
  });
  server.once('close', () => {
    closing.abort();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => {
      for (const target of targets) void watch(target, unready, closing.signal);
      resolve(server);
    });
  });
}

async function watch(target: Target, unready: Set<Target>, closing: AbortSignal): Promise<void> {
  const url = new URL('/readyz', httpUrl(target.host, target.port));
  while (!closing.aborted) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) unready.delete(target);
    else unready.add(target);
    // Rejects when the balancer closes, which ends the loop.
    await sleep(POLL_MS, undefined, { signal: closing, ref: false }).catch(() => undefined);
  }
}

function forward(client: Socket, [target, ...others]: readonly Target[]): void {
  if (!target) {
    client.destroy();
    return;
  }
  const upstream = connect(target.port, target.host);
  const tryNext = (): void => {
    forward(client, others);
  };
  upstream.once('error', tryNext);
  upstream.once('connect', () => {
    upstream.off('error', tryNext);
    pipeline(client, upstream, client, () => undefined);
  });
}
