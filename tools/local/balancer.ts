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

/** 1 s, once no connection has come for so long as below: the probes are most of what an idle system costs. */
const IDLE_POLL_MS = 1_000;

/** 5 s. The first connection afterwards starts the probes at once. */
const IDLE_AFTER_MS = 5_000;

/** 1 s: a suspended process does not answer. */
const PROBE_TIMEOUT_MS = 1_000;

export interface Target {
  readonly host: string;
  readonly port: number;
}

interface BalancerOptions {
  /** Connections that a target gets before the next one gets any. 0: each new connection goes to the next target. */
  readonly gatherUpTo?: number;
  /** How long after the last new connection the targets are probed less often, milliseconds; default: 5 s. */
  readonly idleAfterMs?: number;
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
  { gatherUpTo = 0, idleAfterMs = IDLE_AFTER_MS }: BalancerOptions = {},
): Promise<Server> {
  let next = 0;
  const unready = new Set<Target>();
  const open = new Map(targets.map((target) => [target, 0]));
  const isFull = (target: Target) => (open.get(target) ?? 0) >= gatherUpTo;
  const closing = new AbortController();
  const pauses = new Pauses(idleAfterMs);
  const server = createServer((client) => {
    pauses.connected();
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
    pauses.end();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => {
      for (const target of targets) void watch(target, unready, pauses, closing.signal);
      resolve(server);
    });
  });
}

/** The pauses between probes. */
class Pauses {
  #lastConnection = performance.now();
  #wake = new AbortController();

  constructor(private readonly idleAfterMs: number) {}

  connected(): void {
    const wasIdle = this.#isIdle();
    this.#lastConnection = performance.now();
    if (wasIdle) this.end();
  }

  /** Ends the pauses under way. */
  end(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** Never rejects. */
  async next(): Promise<void> {
    const everyMs = this.#isIdle() ? IDLE_POLL_MS : POLL_MS;
    // All targets at the same moments: to wake up once for all of them takes less than once for each.
    const pauseMs = everyMs - (performance.now() % everyMs);
    await sleep(pauseMs, undefined, { signal: this.#wake.signal, ref: false }).catch(() => undefined);
  }

  #isIdle(): boolean {
    return performance.now() - this.#lastConnection > this.idleAfterMs;
  }
}

async function watch(
  target: Target,
  unready: Set<Target>,
  pauses: Pauses,
  closing: AbortSignal,
): Promise<void> {
  // One connection for all probes, which ends when a probe is not answered in time.
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: PROBE_TIMEOUT_MS });
  while (!closing.aborted) {
    if (await isReady(target, agent)) unready.delete(target);
    else unready.add(target);
    await pauses.next();
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
