import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import currencyData from 'cldr-core/supplemental/currencyData.json';
import { z } from 'zod';
import { moneyJson, moneySchema } from '../../api/http/money';
import { isCurrentCurrency, isKnownCurrency } from '../../domain/currency';
import { CURRENT, WITHDRAWN } from '../../domain/currency-table';
import { currencyTable, parseList, readList, TABLE_PATH } from '../../tools/currencies/generate-table';

/** ISO 4217 still lists the Salvadoran colon; CLDR has it as replaced by the US dollar in 2001. */
const ONLY_ISO = ['SVC'];

const period = z.object({ _to: z.string().optional(), _tender: z.string().optional() });
const regions = z.record(z.string(), z.array(z.record(z.string(), period)));

/** The codes that CLDR has as legal tender somewhere, and those that it only has with an end. */
function tenderOfCldr() {
  const byRegion = regions.parse(currencyData.supplemental.currencyData.region);
  const periods = Object.values(byRegion)
    .flat()
    .flatMap((currencies) => Object.entries(currencies));
  const tender = periods.filter(([, { _tender }]) => _tender !== 'false');
  const inUse = new Set(tender.flatMap(([code, { _to }]) => (_to === undefined ? [code] : [])));
  return { inUse: [...inUse], ended: tender.map(([code]) => code).filter((code) => !inUse.has(code)) };
}

describe('the table of currencies', () => {
  test('has every currency that CLDR has in use (if not: docs/operations.md, Update the currencies)', () => {
    expect(tenderOfCldr().inUse.filter((code) => !isCurrentCurrency(code))).toEqual([]);
  });

  test('has no currency as current whose use has ended in CLDR', () => {
    const { ended } = tenderOfCldr();
    expect(ended).toContain('BGN');
    expect(ended.filter((code) => isCurrentCurrency(code) && !ONLY_ISO.includes(code))).toEqual([]);
  });

  test('is generated from the list of ISO 4217 (if not: npm run currencies)', () => {
    expect(readFileSync(TABLE_PATH, 'utf8')).toBe(currencyTable(readList(), { ...CURRENT, ...WITHDRAWN }));
  });
});

test.each(['XCG', 'SLE', 'VED', 'ZWG', 'MRU', 'UYW', 'CHE', 'XAD'])('%s is current', (code) => {
  expect(isCurrentCurrency(code)).toBe(true);
});

test.each(['ANG', 'BGN', 'BYR', 'CUC', 'DEM', 'HRK', 'LTL', 'MRO', 'SLL', 'STD', 'VEF', 'ZWL'])(
  '%s is withdrawn: not current, and known',
  (code) => {
    expect([isCurrentCurrency(code), isKnownCurrency(code)]).toEqual([false, true]);
  },
);

test.each([
  ['BGN', 1234, '12.34'],
  ['BYR', 1234, '1234'],
  ['ITL', 1234, '1234'],
])(
  'a stored amount in %s, a withdrawn currency, is read with the digits it was stored with',
  (code, minor, amount) => {
    expect(moneyJson(minor, code)).toEqual({ amount, currency: code });
    expect(moneySchema(1).parse({ amount, currency: code })).toEqual({ amountMinor: minor, currency: code });
  },
);

test('an amount that a later version stored, in a currency that this one does not know, is read', () => {
  expect(isKnownCurrency('QQQ')).toBe(false);
  expect(moneyJson(1234, 'QQQ')).toEqual({ amount: '12.34', currency: 'QQQ' });
});

describe('a new list', () => {
  const list = (entries: Readonly<Record<string, string>>) =>
    parseList(
      `<ISO_4217 Pblshd="2030-01-01">${Object.entries(entries)
        .map(([code, units]) => `<Ccy>${code}</Ccy><CcyNbr>001</CcyNbr><CcyMnrUnts>${units}</CcyMnrUnts>`)
        .join('')}</ISO_4217>`,
    );
  /** The lines of the current and of the withdrawn codes. */
  const codesOf = (table: string) =>
    table.split('WITHDRAWN').map((part) => /\{\n *(.*)\n\}/.exec(part)?.[1] ?? '');

  test('withdraws a code that it no longer has, with its digits', () => {
    const [current, withdrawn] = codesOf(currencyTable(list({ USD: '2' }), { LAT: 0, USD: 2 }));
    expect([current, withdrawn]).toEqual(['USD: 2,', 'LAT: 0,']);
  });

  test('never changes the digits of a code, which would change what stored amounts mean', () => {
    const [current] = codesOf(currencyTable(list({ ISK: '2', USD: '2' }), { ISK: 0, USD: 2 }));
    expect(current).toBe('ISK: 0, USD: 2,');
  });

  test('adds no code without minor units, such as gold and the code for no currency', () => {
    expect(currencyTable(list({ XAU: 'N.A.', XXX: 'N.A.', XCG: '2' }), {})).not.toMatch(/XAU|XXX/);
  });

  test('is refused when the file is another one', () => {
    expect(() => parseList('<html></html>')).toThrow('not the list one');
  });
});
