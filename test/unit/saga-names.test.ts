import { expect, test } from '@jest/globals';
import { sagaWorkflowId } from '../../domain/names';

test('a saga is named after its only order, or after its first and their count', () => {
  expect(sagaWorkflowId(['a'])).toBe('order-a');
  expect(sagaWorkflowId(['a', 'b', 'c'])).toBe('orders-a-3');
  expect(() => sagaWorkflowId([])).toThrow(RangeError);
});
