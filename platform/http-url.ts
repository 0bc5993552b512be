/** Base URLs and hosts of our own HTTP servers. */
import { isIP, isIPv6 } from 'node:net';

/** Addresses that mean "every interface", as `URL` writes them, and how this machine reaches a server on them. */
const LOOPBACKS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };

/**
 * @param host a name or an address, as a server listens on it
 * @example
 * httpUrl('::1', 3000) // 'http://[::1]:3000'
 * httpUrl('0.0.0.0', 3000) // 'http://127.0.0.1:3000'
 * @throws TypeError when no URL can name the host, as fe80::1%eth0
 */
export function httpUrl(host: string, port: number): string {
  const url = new URL(`http://${isIPv6(host) ? `[${host}]` : host}:${String(port)}`);
  if (url.href !== `${url.origin}/`) throw new TypeError(`${host} is not a host`);
  const loopback = LOOPBACKS[url.hostname];
  if (loopback !== undefined) url.hostname = loopback;
  return url.origin;
}

/** Whether only this machine reaches the host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
