/** A proxy of the Postgres server that accepts TLS only, as a server in a network does. */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { CERTIFICATE_PATH, KEY_PATH } from './temporal-tls-proxy';

/** Postgres' SSLRequest: its length, and the code 80877103. */
const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex');

export interface PostgresTlsProxy {
  /** The URL with the proxy's address instead of the server's. */
  through(url: string, options: Record<string, string>): string;
  /** Connections that were made private. */
  connections(): number;
  close(): Promise<void>;
}

export async function postgresTlsProxy(target: URL): Promise<PostgresTlsProxy> {
  let connections = 0;
  const sockets = new Set<net.Socket>();
  const secureContext = tls.createSecureContext({
    cert: readFileSync(CERTIFICATE_PATH),
    key: readFileSync(KEY_PATH),
  });
  const server = net.createServer((open) => {
    sockets.add(open);
    open.on('error', () => undefined);
    open.once('data', (first) => {
      if (!first.equals(SSL_REQUEST)) {
        open.destroy();
        return;
      }
      open.write('S');
      const near = new tls.TLSSocket(open, { isServer: true, secureContext });
      const far = net.connect(Number(target.port), target.hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        socket.on('error', () => undefined);
        socket.once('close', () => other.destroy());
        socket.pipe(other);
      }
      near.once('secure', () => (connections += 1));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  return {
    through: (url, options) => {
      const through = Object.assign(new URL(url), { host: `localhost:${String(port)}` });
      for (const [name, value] of Object.entries(options)) through.searchParams.set(name, value);
      return through.href;
    },
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}
