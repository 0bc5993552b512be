/**
 * A TCP load balancer: each new connection goes to the next ready process that accepts it, or, gathered, to the first one
 * that is not full. Orders that share a process share groups, and a group costs the same for one order and for fifty.
 */
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

interface BalancerOptions {
  /** Connections that a target gets before the next one gets any. 0: each new connection goes to the next target. */
  readonly gatherUpTo?: number;
}

/**
 * Closes a connection that no target accepts, or whose target dies; its client retries. When no target is
 * ready, any target that accepts gets the connection and answers 503 itself.
 *
 * @throws Error when the port is in use
 */
export function startBalancer(
  address: Target,
  targets: readonly Target[],
  { gatherUpTo = 0 }: BalancerOptions = {},
): Promise<Server> {
  let next = 0;
  const unready = new Set<Target>();
  const open = new Map(targets.map((target) => [target, 0]));
  const isFull = (target: Target) => (open.get(target) ?? 0) >= gatherUpTo;
  const closing = new AbortController();
  const server = createServer((client) => {
    client.on('error', () => undefined);
    const rotated = [...targets.slice(next), ...targets.slice(0, next)];
    next = (next + 1) % targets.length;
    const gathered = targets.filter((target) => !isFull(target));
    const inOrder = [...gathered, ...rotated.filter(isFull)];
    const ready = inOrder.filter((target) => !unready.has(target));
    forward(client, [...ready, ...inOrder.filter((target) => unready.has(target))], open);
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

function forward(client: Socket, [target, ...others]: readonly Target[], open: Map<Target, number>): void {
  if (!target) {
    client.destroy();
    return;
  }
  const count = (change: 1 | -1): void => void open.set(target, (open.get(target) ?? 0) + change);
  count(1);
  const upstream = connect(target.port, target.host);
  const tryNext = (): void => {
    forward(client, others, open);
  };
  upstream.once('error', tryNext);
  upstream.once('close', () => {
    count(-1);
  });
  upstream.once('connect', () => {
    upstream.off('error', tryNext);
    pipeline(client, upstream, client, () => undefined);
  });
}
