import { expect, test } from '@jest/globals';
import { moneyJson, moneySchema } from '../../api/http/money';
import { minorDigits } from '../../domain/currency';
import { formatAmount, MAX_AMOUNT_MINOR, parseAmount } from '../../domain/money';

test.each([
  ['12.34', 2, 1234],
  ['0.01', 2, 1],
  ['0.00', 2, 0],
  ['7', 0, 7],
  ['1.234', 3, 1234],
  ['0.0001', 4, 1],
  ['9999999999999.99', 2, MAX_AMOUNT_MINOR],
  ['999999999999999', 0, MAX_AMOUNT_MINOR],
])('%s with %i digits is %i minor units, and back', (text, digits, minor) => {
  expect(parseAmount(text, digits)).toBe(minor);
  expect(formatAmount(minor, digits)).toBe(text);
});

test.each([
  ['', 2],
  ['1', 2],
  ['1.', 2],
  ['1.0', 2],
  ['1.000', 2],
  ['.50', 2],
  ['01.00', 2],
  ['-1.00', 2],
  ['+1.00', 2],
  [' 1.00', 2],
  ['1.00\n', 2],
  ['1,00', 2],
  ['1e2', 0],
  ['0x10', 0],
  ['1.0', 0],
  ['١.٠٠', 2],
  ['NaN', 2],
  ['Infinity', 0],
  ['10000000000000.00', 2],
  ['9007199254740993', 0],
  ['99999999999999999999', 0],
])('%j with %i digits is not an amount', (text, digits) => {
  expect(parseAmount(text, digits)).toBeUndefined();
});

test('every amount survives formatting and parsing, with every number of digits', () => {
  for (const digits of [0, 2, 3, 4]) {
    for (const minor of [1, 9, 10, 99, 100, 1000, 12_345, 10_000_000, MAX_AMOUNT_MINOR]) {
      expect(parseAmount(formatAmount(minor, digits), digits)).toBe(minor);
    }
  }
});

test.each([
  ['USD', 2],
  ['JPY', 0],
  ['BHD', 3],
  ['CLF', 4],
  ['XOF', 0],
])('%s has %i minor digits', (currency, digits) => {
  expect(minorDigits(currency)).toBe(digits);
});

test.each(['usd', 'US', 'ZZZ', 'XXX', 'XTS', 'XAU', 'XDR', '', 'U$D', '__proto__', 'constructor'])(
  '%j is not a currency',
  (currency) => {
    expect(moneySchema(1).safeParse({ amount: '1', currency }).error?.issues[0]?.path).toEqual(['currency']);
  },
);

test('money is read and written as a decimal string', () => {
  expect(moneySchema(1).parse({ amount: '12.34', currency: 'USD' })).toEqual({
    amountMinor: 1234,
    currency: 'USD',
  });
  expect(moneyJson(5, 'BHD')).toEqual({ amount: '0.005', currency: 'BHD' });
});

test.each([
  [{ amount: '0.00', currency: 'USD' }, 'amount'],
  [{ amount: '1.00', currency: 'JPY' }, 'amount'],
  [{ amount: '1.00', currency: 'XXX' }, 'currency'],
  [{ amount: 1, currency: 'USD' }, 'amount'],
  [{ currency: 'USD' }, 'amount'],
])('%j is refused for its %s', (money, part) => {
  expect(moneySchema(1).safeParse(money).error?.issues[0]?.path).toEqual([part]);
});

test('a credit limit may be zero; an unknown part is refused', () => {
  expect(moneySchema(0).parse({ amount: '0', currency: 'JPY' })).toEqual({
    amountMinor: 0,
    currency: 'JPY',
  });
  expect(moneySchema(0).safeParse({ amount: '0', currency: 'JPY', rate: 1 }).success).toBe(false);
});
