/** A port that nothing listens on. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that systems give to outgoing connections (from 32768 on Linux): such a port may be taken between this call
 * and the start of the server that wants it.
 */
const FIRST = 20_000;
const LAST = 32_000;

const TRIES = 100;

/** Each is given once in a process: its server may start later. */
const given = new Set<number>();

/** @throws Error when it finds none */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = randomInt(FIRST, LAST);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port was found between ${String(FIRST)} and ${String(LAST)}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
