import { expect, test } from '@jest/globals';
import { divergenceOf as divergenceOfSteps } from '../../ops/replay/divergence';

/** Their events' ids are 1, 2, and so on. */
const divergenceOf = (recorded: readonly string[], asked: readonly string[], detail: string) =>
  divergenceOfSteps(
    recorded.map((words, index) => ({ eventId: index + 1, words })),
    asked,
    detail,
  );

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

test('steps of a group that were requested together may have another order', () => {
  expect(divergenceOf(['a', 'b', 'c', 'd'], ['a', 'c', 'b', 'e'], ENGINE)).toMatchObject({
    recorded: 'd',
    now: 'e',
    after: 'b',
  });
});

test('two steps swapped: nothing is missing, but the order', () => {
  expect(divergenceOf(['a', 'b', 'c', 'd'], ['a', 'c', 'b', 'd'], ENGINE)).toMatchObject({
    recorded: 'b',
    now: 'c',
    after: 'a',
  });
});

test('an error in the workflow code', () => {
  expect(divergenceOf(['a', 'b'], ['a'], 'x is not a function')).toMatchObject({
    recorded: 'b',
    now: 'an error in the workflow code: x is not a function',
  });
});

test('a patch that the code no longer has: the one that the engine names', () => {
  const detail =
    '[TMPRL1100] Nondeterminism error: Non-deprecated patch marker encountered for change new-way, but there is no corresponding change command!';
  expect(
    divergenceOf(['a', 'the patch old-way', 'the patch new-way', 'b'], ['a', 'b'], detail),
  ).toMatchObject({ recorded: 'the patch new-way', now: 'no such patch' });
});

test('a step whose name sounds like a patch is a step', () => {
  const detail =
    "[TMPRL1100] Nondeterminism error: Activity type of recorded marker 'dispatchCredit' does not match activity type of local activity command 'reserveCredit'";
  expect(divergenceOf(['a', 'dispatchCredit'], ['a', 'reserveCredit'], detail)).toMatchObject({
    recorded: 'dispatchCredit',
    now: 'reserveCredit',
    after: 'a',
  });
});

test('search attributes that are no longer set: reported by the engine, because the recorder does not see the request', () => {
  const detail =
    '[TMPRL1100] Nondeterminism error: Timer machine does not handle this event: HistoryEvent(id: 2, UpsertWorkflowSearchAttributes)';
  expect(divergenceOf(['a', 'search attributes', 'a timer'], ['a', 'a timer'], detail)).toMatchObject({
    recorded: 'search attributes',
    now: 'none',
    after: 'a timer',
  });
});

test('search attributes that were not set before', () => {
  const detail =
    '[TMPRL1100] Nondeterminism error: UpsertWorkflowSearchAttributesMachine does not handle HistoryEvent(id: 2, StartChildWorkflowExecutionInitiated)';
  expect(divergenceOf(['a', 'the start of b'], ['a', 'the start of b'], detail)).toMatchObject({
    now: 'search attributes',
  });
});
