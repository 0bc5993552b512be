/**
 * Every type of event, as the product writes it: the official SDK accepts it, its schema is at its URL, and the order
 * history understands it.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { CloudEvent as OfficialEvent } from 'cloudevents';
import { z } from 'zod';
import { cloudEventSchema } from '../../events/cloud-event';
import { EVENT_TYPE_NAMES } from '../../events/event-types';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { operatorCommand } from '../support/operator-command';
import { testServers } from '../support/servers';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ history: true, order: { attentionAfterMs: 500 } });
});
afterAll(() => system.stop());

const pageSchema = z.object({
  items: z.array(cloudEventSchema),
  completeTo: z.record(z.string(), z.iso.datetime()),
});

async function approved(customer: string): Promise<string> {
  const { body } = await placeOrder(system.url, customer, '1.00', WAIT);
  expect(body['state']).toBe('APPROVED');
  return String(body['orderId']);
}

const cancel = (orderId: string, headers: Record<string, string> = {}) =>
  call(`${system.url}/orders/${orderId}/cancel`, 'POST', undefined, headers);

async function giveUpRelease(orderId: string): Promise<void> {
  const onCustomers = (statement: string) => rowsOf(system.databases.adminCustomerUrl, statement);
  await onCustomers('ALTER FUNCTION release_credit RENAME TO release_credit_gone');
  await cancel(orderId);
  await eventually(async () =>
    (await call(`${system.url}/orders/${orderId}`, 'GET')).body['attention'] === undefined ? undefined : true,
  );
  const { temporal } = testServers();
  const env = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace };
  const { code } = await operatorCommand(
    'parked',
    ['--give-up', '--reason', 'OPS-1', '--order', orderId],
    env,
  );
  expect(code).toBe(0);
  await onCustomers('ALTER FUNCTION release_credit_gone RENAME TO release_credit');
}

test('the schemas of all types match their events', async () => {
  const customer = await newCustomer(system.url, '10.00');
  expect((await cancel(await approved(customer), WAIT)).status).toBe(200);
  await placeOrder(system.url, customer, '99.00', WAIT);
  await placeOrder(system.url, randomUUID(), '1.00', WAIT);
  await giveUpRelease(await approved(customer));
  expect((await call(`${system.url}/customers/${customer}/personal-data`, 'DELETE')).status).toBe(204);
  const events = await eventually(async () => {
    const { items } = pageSchema.parse((await call(`${system.url}/events?limit=500`, 'GET')).body);
    const types = items.map(({ type }) => type);
    return types.includes('SagaStepGivenUp') && types.includes('CustomerPersonalDataErased')
      ? items
      : undefined;
  });
  expect([...new Set(events.map(({ type }) => type))].sort()).toEqual([...EVENT_TYPE_NAMES].sort());
  const ajv = addFormats(new Ajv2020({ strict: true }));
  for (const event of events) {
    const { type, data, dataschema } = event;
    expect(new OfficialEvent(event, true).validate()).toBe(true);
    // The data has exactly the fields of the schema.
    const { headers, body: schema } = await call(dataschema, 'GET');
    expect(headers.get('content-type')).toMatch(/^application\/schema\+json\b/);
    expect(schema['$id']).toBe(dataschema);
    const accepts = ajv.getSchema(dataschema) ?? ajv.compile(schema);
    expect([type, accepts(data), accepts.errors]).toEqual([type, true, null]);
  }
  const now = Date.now();
  const asOf = await eventually(async () => {
    const { body } = await call(`${system.url}/customers/${customer}/order-history`, 'GET');
    const found = body['asOf'] as { readonly time: string | null; readonly setAside: number } | undefined;
    return Date.parse(found?.time ?? '') > now ? found : undefined;
  });
  expect(asOf).toMatchObject({ setAside: 0, setAsideFirst: [], recovering: false });
});
