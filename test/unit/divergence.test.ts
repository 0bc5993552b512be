import { expect, test } from '@jest/globals';
import { divergenceOf } from '../../operate/divergence';

const ENGINE = '[TMPRL1100] Nondeterminism error: whatever';

test('the first step that differs, and the last that agrees', () => {
  const recorded = ['createPendingOrders', 'reserveCredit', 'approveOrders', 'the end'];
  expect(divergenceOf(recorded, ['createPendingOrders', 'approveOrders', 'the end'], ENGINE)).toEqual({
    recorded: 'reserveCredit',
    now: 'approveOrders',
    after: 'createPendingOrders',
    detail: ENGINE,
  });
});

test('nothing more, on either side', () => {
  expect(divergenceOf(['a', 'b'], ['a'], ENGINE)).toMatchObject({ recorded: 'b', now: 'nothing more' });
  expect(divergenceOf(['a'], ['a', 'b'], ENGINE)).toMatchObject({ recorded: 'nothing more', now: 'b' });
});

test('steps of a group that were asked for together may stand in another order', () => {
  expect(divergenceOf(['a', 'b', 'c', 'd'], ['a', 'c', 'b', 'e'], ENGINE)).toMatchObject({
    recorded: 'd',
    now: 'e',
    after: 'b',
  });
});

test('an error in the workflow code', () => {
  expect(divergenceOf(['a', 'b'], ['a'], 'x is not a function')).toMatchObject({
    recorded: 'b',
    now: 'an error in the workflow code: x is not a function',
  });
});

test('a patch that the code does not know any more', () => {
  const detail = '[TMPRL1100] Nondeterminism error: patch marker of a patch that was not found';
  expect(divergenceOf(['a', 'the patch new-way', 'b'], ['a', 'b'], detail)).toMatchObject({
    recorded: 'the patch new-way',
    now: 'no such patch',
  });
});
