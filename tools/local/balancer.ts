/** A TCP load balancer: each new connection goes to the next ready process that accepts it. */
import { Agent, get } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

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
  // One connection for all probes, which ends when a probe is not answered in time.
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: PROBE_TIMEOUT_MS });
  while (!closing.aborted) {
    if (await isReady(target, agent)) unready.delete(target);
    else unready.add(target);
    // All targets at the same moments: to wake up once for all of them takes less than once for each.
    const pauseMs = POLL_MS - (performance.now() % POLL_MS);
    // Rejects when the balancer closes, which ends the loop.
    await sleep(pauseMs, undefined, { signal: closing, ref: false }).catch(() => undefined);
  }
  agent.destroy();
}

function isReady({ host, port }: Target, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = get({ host, port, path: '/readyz', agent }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    probe.once('timeout', () => {
      probe.destroy();
    });
    probe.once('error', () => {
      resolve(false);
    });
  });
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
