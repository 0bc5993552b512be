// Lets one process of this machine at a time do something that two must not do at once.
const { createHash } = require('node:crypto');
const { rmSync } = require('node:fs');
const { connect, createServer } = require('node:net');
const os = require('node:os');
const path = require('node:path');

/**
 * Runs `work` when no other process does so under the same name. The others wait. The lock is a socket that listens, so
 * that it ends with its process, however that ends.
 *
 * @template T
 * @param {string} name of what is locked, as the path of a folder
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
async function oneAtATime(name, work) {
  const address = addressOf(name);
  let lock = await listen(address);
  while (!lock) {
    await untilReleased(address);
    lock = await listen(address);
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** @param {string} name */
function addressOf(name) {
  const id = `order-saga-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${id}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${id}` : path.join(os.tmpdir(), `${id}.sock`);
}

/**
 * @param {string} address
 * @returns {Promise<{ release(): void } | undefined>} undefined when another process listens
 */
function listen(address) {
  /** @type {Set<import('node:net').Socket>} */
  const waiting = new Set();
  const server = createServer((socket) => waiting.add(socket.on('error', () => undefined)));
  const release = () => {
    server.close();
    for (const socket of waiting) socket.destroy();
  };
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => resolve({ release }));
  });
}

/**
 * @param {string} address
 * @returns {Promise<void>}
 */
function untilReleased(address) {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('error', (error) => {
      // A process was killed and has left the file of its socket.
      if (path.isAbsolute(address) && 'code' in error && error.code === 'ECONNREFUSED')
        rmSync(address, { force: true });
    });
    socket.once('close', () => resolve());
    socket.resume();
  });
}

module.exports = { oneAtATime };
