/** What all peers share: the product's own steps on the product's own databases, and an express API as a user writes it. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import express from 'express';
import { z } from 'zod';

const product = createRequire(new URL('../../../dist/', import.meta.url));
const { createOrderActivities } = product('./activities/order.js');
const { createCustomerActivities } = product('./activities/customer.js');
const { createCustomer } = product('./activities/create-customer.js');
const { createOrderDatabase } = product('./prisma/order/client.js');
const { createCustomerDatabase } = product('./prisma/customer/client.js');

const customerDb = createCustomerDatabase(process.env.CUSTOMER_DATABASE_URL);
const orderSteps = createOrderActivities({ db: createOrderDatabase(process.env.ORDER_DATABASE_URL) });
const creditSteps = createCustomerActivities({ db: customerDb });

const sagaOf = ({ orderId }) => `order-${orderId}`;
const only = async (results) => (await results)[0].outcome;

/** One statement and one commit each, with the events in the outbox. */
export const createPending = (order) =>
  only(orderSteps.createPendingOrders({ sagaId: sagaOf(order), items: [order] }));
export const reserveCredit = (order) =>
  only(creditSteps.reserveCredit({ sagaId: sagaOf(order), items: [order] }));
export const approve = ({ orderId }) =>
  only(orderSteps.approveOrders({ sagaId: sagaOf({ orderId }), items: [{ orderId }] }));

const money = z.object({ amount: z.string().regex(/^\d+\.\d\d$/), currency: z.string().length(3) });
const newCustomer = z.object({ name: z.string(), creditLimit: money });
const newOrder = z.object({ customerId: z.uuid(), orderTotal: money });
const minor = ({ amount }) => Number(amount.replace('.', ''));

/** @param place runs the saga of an order, and returns the outcome of its last step */
export function serve(place) {
  const app = express();
  app.use(express.json());
  app.get('/readyz', (_request, response) => response.json({}));
  app.post('/customers', async ({ body }, response) => {
    const { name, creditLimit } = newCustomer.parse(body);
    const customerId = randomUUID();
    const { currency } = creditLimit;
    await createCustomer(customerDb, { customerId, name, creditLimitMinor: minor(creditLimit), currency });
    response.status(201).json({ customerId });
  });
  app.post('/orders', async ({ body }, response) => {
    const { customerId, orderTotal } = newOrder.parse(body);
    const orderId = randomUUID();
    const { currency } = orderTotal;
    const outcome = await place({ orderId, customerId, totalMinor: minor(orderTotal), currency });
    response.status(201).json({ orderId, customerId, state: outcome.toUpperCase() });
  });
  app.listen(Number(process.env.PORT), '127.0.0.1');
}
