/** The JSON Schemas of the OpenAPI document, made by zod from the schemas that validate. Those with a name are components. */
import { z } from 'zod';
import { payloadsSchema } from '../codec/codec-json';
import { accountSchema, customerSchema, newCustomerBody } from '../customers/customer-json';
import { customerWithOrdersSchema } from '../customers/customer-with-orders';
import { cloudEventSchema } from '../../events/cloud-event';
import { eventPageSchema } from '../events/event-json';
import { moneyJsonSchema } from '../http/money';
import { problemSchema, startsAfterSchema } from '../http/problems';
import { timelineSchema } from '../operators/timeline-json';
import { historySchema } from '../order-history/history-json';
import { overviewSchema } from '../operators/overview-json';
import { sagaPageSchema } from '../operators/saga-list-json';
import { newOrderBody, orderPageSchema, orderSchema, orderWithAttentionSchema } from '../orders/order-json';

type Io = 'input' | 'output';

const PREFIX = '#/components/schemas/';

/** What clients send. */
const INPUTS = named({
  Money: moneyJsonSchema,
  NewCustomer: newCustomerBody,
  NewOrder: newOrderBody,
  PayloadsToConvert: payloadsSchema,
});

/** What they get. */
const OUTPUTS = named({
  Account: accountSchema,
  Customer: customerSchema,
  CustomerWithOrders: customerWithOrdersSchema,
  Event: cloudEventSchema,
  EventPage: eventPageSchema,
  Money: moneyJsonSchema,
  Order: orderSchema,
  OrderHistory: historySchema,
  OrderPage: orderPageSchema,
  OrderTimeline: timelineSchema,
  OrderWithAttention: orderWithAttentionSchema,
  Overview: overviewSchema,
  Payloads: payloadsSchema,
  Problem: problemSchema,
  SagaPage: sagaPageSchema,
  StartsAfter: startsAfterSchema,
});

const ALL: Readonly<Record<string, object>> = {
  ...components(OUTPUTS, 'output'),
  ...components(INPUTS, 'input'),
};

/** @returns a reference to the component; for a schema without a name, the schema itself */
export function schemaOf(schema: z.ZodType, io: Io): Record<string, unknown> {
  const id = (io === 'input' ? INPUTS : OUTPUTS).get(schema)?.id;
  return id === undefined ? inlineSchema(schema, io) : { $ref: PREFIX + id };
}

/** Omits `$schema`: an OpenAPI 3.1 document states its dialect once. */
export function inlineSchema(schema: z.ZodType, io: Io = 'input') {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

/**
 * @param part of the document
 * @returns the components to which it refers, directly or through others
 */
export function referencedSchemas(part: unknown): Record<string, object> {
  const found: Record<string, object> = {};
  const follow = (from: unknown) => {
    for (const [, name = ''] of JSON.stringify(from).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      const schema = ALL[name];
      if (!schema || name in found) continue;
      found[name] = schema;
      follow(schema);
    }
  };
  follow(part);
  return found;
}

function named(schemas: Readonly<Record<string, z.ZodType>>) {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  return registry;
}

function components(registry: ReturnType<typeof named>, io: Io): Record<string, object> {
  const { schemas } = z.toJSONSchema(registry, { io, uri: (id) => PREFIX + id });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  );
}
