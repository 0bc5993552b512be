/** A TCP proxy that can be cut, stalled and restored: an outage of a server, as its clients see it. */
import net from 'node:net';

export interface CuttableProxy {
  /** 127.0.0.1:port; forwards to the server unless the line is cut or stalled. */
  readonly address: string;
  /** The URL with the line's address instead of the server's. */
  through(url: string): string;
  /** Resets the connections there are, and refuses new ones. */
  cut(): Promise<void>;
  /** Keeps connections, accepts new ones, and passes no data: as a pulled cable, or a machine that hangs. */
  stall(): void;
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** @param host a server's URL, or its host:port */
export function proxyTo(host: string): Promise<CuttableProxy> {
  const { hostname, port } = new URL(host.includes('://') ? host : `tcp://${host}`);
  return cuttableProxy({ host: hostname, port: Number(port) });
}

/** @param target host and port of the server */
async function cuttableProxy(target: { host: string; port: number }): Promise<CuttableProxy> {
  const sockets = new Set<net.Socket>();
  let stalled = false;
  const keep = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  const server = net.createServer((near) => {
    const far = net.connect(target.port, target.host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      keep(socket);
      socket.setNoDelay(true);
      socket.pipe(other);
      if (stalled) socket.pause();
      // A reset is expected; closing informs the other side.
      socket.on('error', () => undefined);
      socket.once('close', () => other.destroy());
    }
  });
  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        const address = server.address();
        if (address !== null && typeof address === 'object') resolve(address.port);
      });
    });
  const cut = (): Promise<void> =>
    new Promise((resolve) => {
      if (server.listening) {
        server.close(() => {
          resolve();
        });
      } else resolve();
      for (const socket of sockets) socket.resetAndDestroy();
    });
  const port = await listen(0);
  const address = `127.0.0.1:${String(port)}`;
  return {
    address,
    through: (url) => Object.assign(new URL(url), { host: address }).href,
    cut,
    stall: () => {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    restore: async () => {
      stalled = false;
      for (const socket of sockets) socket.resume();
      if (!server.listening) await listen(port);
    },
    close: cut,
  };
}
