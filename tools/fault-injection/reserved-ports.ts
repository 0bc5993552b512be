/**
 * Ports that stay reserved while their process is dead. The system may give an ephemeral port to another
 * connection meanwhile.
 */
import { createServer } from 'node:net';

/** Below 32,768, where the ephemeral ports of Linux begin (macOS and Windows: 49,152). */
const FROM = 20_000;
const TO = 32_000;

const given = new Set<number>();

export async function ownPort(): Promise<number> {
  for (;;) {
    const port = FROM + Math.floor(Math.random() * (TO - FROM));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () =>
      server.close(() => {
        resolve(true);
      }),
    );
  });
}
