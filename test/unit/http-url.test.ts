import { expect, test } from '@jest/globals';
import { readConfig } from '../../platform/config';
import { httpUrl } from '../../platform/http-url';

test.each([
  ['127.0.0.1', 'http://127.0.0.1:3000'],
  ['localhost', 'http://localhost:3000'],
  ['shop.example', 'http://shop.example:3000'],
  ['::1', 'http://[::1]:3000'],
  ['2001:DB8::7', 'http://[2001:db8::7]:3000'],
  ['::', 'http://[::1]:3000'],
  ['::0', 'http://[::1]:3000'],
  ['0:0:0:0:0:0:0:0', 'http://[::1]:3000'],
  ['0.0.0.0', 'http://127.0.0.1:3000'],
])('a server on %s is reached at %s', (host, url) => {
  expect(httpUrl(host, 3000)).toBe(url);
});

test.each(['::1', '[::1]'])('HOST=%s is the address ::1', (host) => {
  expect(readConfig({ HOST: host }).HOST).toBe('::1');
});

test.each(['fe80::1%eth0', 'a b', '::1::2', 'host:80', 'http://host'])(
  'HOST=%s is one line that says what it must be',
  (host) => {
    expect(() => readConfig({ HOST: host })).toThrow(
      /^HOST: must be a host name or an IP address, without a zone$/,
    );
  },
);

test.each(['[::1]:7233', '127.0.0.1:7233', 'temporal:7233'])('TEMPORAL_ADDRESS=%s', (address) => {
  expect(readConfig({ TEMPORAL_ADDRESS: address }).temporal?.address).toBe(address);
});

test.each(['::1:7233', 'temporal', '[temporal]:7233', 'http://temporal:7233'])(
  'TEMPORAL_ADDRESS=%s is one line that says what it must be',
  (address) => {
    expect(() => readConfig({ TEMPORAL_ADDRESS: address })).toThrow(
      /^TEMPORAL_ADDRESS: must be host:port, or \[address\]:port for IPv6$/,
    );
  },
);
