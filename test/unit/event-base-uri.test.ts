import { expect, test } from '@jest/globals';
import { readConfig } from '../../platform/config';

const read = (uri: string) => readConfig({ EVENT_BASE_URI: uri }).EVENT_BASE_URI;

test.each([
  ['https://shop.example', 'https://shop.example'],
  ['https://shop.example/api//', 'https://shop.example/api'],
  ['HTTP://Shop.Example:80/', 'http://shop.example'],
  ['http://[::1]:3000', 'http://[::1]:3000'],
  ['https://bücher.example/a b', 'https://xn--bcher-kva.example/a%20b'],
  ['https://shop.example/@v1', 'https://shop.example/@v1'],
  ['', undefined],
])('EVENT_BASE_URI %p is the base %p', (uri, base) => {
  expect(read(uri)).toBe(base);
});

test.each([
  'shop.example',
  '/api',
  'urn:shop',
  'ftp://shop.example',
  'https://a@shop.example',
  'https://shop.example/?a',
  'https://shop.example/#a',
])('EVENT_BASE_URI %p is refused in one line', (uri) => {
  expect(() => read(uri)).toThrow(/^EVENT_BASE_URI: [^\n]+$/);
});
