/** One address for several processes: each new connection goes to the next one that accepts it. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * A connection that no target accepts is closed; one whose target dies is closed too, and its client asks
 * again.
 *
 * @throws Error when the port is taken
 */
export function startBalancer(listenAt: Target, targets: readonly Target[]): Promise<Server> {
  let turn = 0;
  const server = createServer((near) => {
    near.on('error', () => undefined);
    const inTurn = targets.map((_, index) => targets[(turn + index) % targets.length]);
    turn += 1;
    handOver(
      near,
      inTurn.filter((target) => target !== undefined),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenAt.port, listenAt.host, () => {
      resolve(server);
    });
  });
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
