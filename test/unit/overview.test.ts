/** The overview: the rate of decisions, limits from the gauges, and sources that do not answer. */
import { expect, test } from '@jest/globals';
import { limitsOf } from '../../api/operators/limit-use';
import { perMinute } from '../../api/operators/overview-orders';
import { Metrics } from '../../platform/metrics';

test('the rate is what a minute has, or what the events that were read tell', () => {
  expect(perMinute({ events: 40, decisions: 7, spanSeconds: 500 })).toBe(7);
  expect(perMinute({ events: 1_000, decisions: 12, spanSeconds: 60 })).toBe(12);
  expect(perMinute({ events: 1_000, decisions: 900, spanSeconds: 10 })).toBe(5_400);
  expect(perMinute({ events: 1_000, decisions: 1_000, spanSeconds: 0 })).toBe(60_000);
});

test('each limit with the gauge that it limits, by its labels; a limit without a use is omitted', async () => {
  const metrics = new Metrics();
  metrics.gauge('streams', '', () => [{ value: 3 }]);
  metrics.gauge('streams_limit', '', () => [{ value: 5 }]);
  metrics.gauge('group_orders_limit', '', () => [{ value: 50 }]);
  metrics.gauge('connections', '', () => [
    { value: 1, labels: { database: 'a', state: 'in use' } },
    { value: 2, labels: { database: 'a', state: 'idle' } },
    { value: 4, labels: { database: 'b', state: 'in use' } },
  ]);
  metrics.gauge('connections_limit', '', () => [
    { value: 10, labels: { database: 'a' } },
    { value: 20, labels: { database: 'b' } },
  ]);
  expect(await limitsOf(metrics)).toEqual([
    { name: 'order_saga_streams', used: 3, limit: 5 },
    { name: 'order_saga_connections{database="a"}', used: 1, limit: 10 },
    { name: 'order_saga_connections{database="b"}', used: 4, limit: 20 },
  ]);
  expect(await metrics.read('streams')).toEqual([{ value: 3 }]);
  expect(await metrics.read('another')).toBeUndefined();
  await metrics.stop();
});
