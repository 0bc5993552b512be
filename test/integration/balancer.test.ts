/** Which process of several a new connection reaches. */
import { createServer, type Server, Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from '@jest/globals';
import { startBalancer, type Target } from '../../tools/local/balancer';
import { eventually } from '../support/http';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

interface Process {
  readonly target: Target;
  readonly sockets: Set<Socket>;
  readonly stop: () => void;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Ready at all times: it answers each request on a connection with 200. Counts the connections that sent `order`. */
async function start(): Promise<Process> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (data) => {
      if (data.toString() === 'order') sockets.add(socket);
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
  });
  const port = await listening(server);
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  ends.push(stop);
  return { target: { host: '127.0.0.1', port }, sockets, stop };
}

async function connections(port: number, count: number): Promise<Socket[]> {
  const opened: Socket[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = new Socket().connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) =>
      socket.write('order', () => {
        resolve();
      }),
    );
    ends.push(() => socket.destroy());
    opened.push(socket);
  }
  return opened;
}

async function balanced(gatherUpTo?: number) {
  const processes = [await start(), await start()];
  const server = await startBalancer(
    { host: '127.0.0.1', port: 0 },
    processes.map(({ target }) => target),
    gatherUpTo === undefined ? {} : { gatherUpTo },
  );
  ends.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const counts = () => processes.map(({ sockets }) => sockets.size);
  const until = (wanted: readonly number[]) =>
    eventually(() => Promise.resolve(JSON.stringify(counts()) === JSON.stringify(wanted) ? true : undefined));
  return { processes, port, until };
}

test('each process gets every second connection', async () => {
  const { port, until } = await balanced();
  await connections(port, 6);
  await until([3, 3]);
});

test('gathered: the first process gets all connections until it is full, and again when some have closed', async () => {
  const { port, until } = await balanced(4);
  const opened = await connections(port, 4);
  await until([4, 0]);
  await connections(port, 2);
  await until([4, 2]);
  for (const socket of opened.slice(0, 2)) socket.destroy();
  await until([2, 2]);
  await connections(port, 1);
  await until([3, 2]);
});

test('gathered: when all are full, they share; and when the first one has ended, the other gets all', async () => {
  const { processes, port, until } = await balanced(1);
  await connections(port, 6);
  await until([3, 3]);
  processes[0]?.stop();
  await until([0, 3]);
  await connections(port, 3);
  await until([0, 6]);
});
