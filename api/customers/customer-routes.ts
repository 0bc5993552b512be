/** The customer service's routes. */
import { type Request, type Response, Router } from 'express';
import type { z } from 'zod';
import { isCurrentCurrency } from '../../domain/currency';
import type { CustomerDatabase } from '../../prisma/customer/client';
import { eTag } from '../http/etag';
import { idToCreate } from '../http/idempotency';
import { moneyJson, withdrawnCurrency } from '../http/money';
import { methodNotAllowed } from '../http/problem-handler';
import { Problem } from '../http/problems';
import { type customerSchema, idParameters, newCustomerBody } from '../http/schemas';
import { jsonBody, valid } from '../http/validation';

export interface CustomerRoutesDependencies {
  readonly db: CustomerDatabase;
  /** Writes the customer and its event; `conflict` when the id is a customer's with other content. */
  readonly createCustomer: (customer: {
    readonly customerId: string;
    readonly name: string;
    readonly creditLimitMinor: number;
    readonly currency: string;
  }) => Promise<'created' | 'conflict'>;
}

interface CustomerView {
  readonly customerId: string;
  readonly name: string;
  readonly creditLimitMinor: number;
  readonly reservedMinor: number;
  readonly currency: string;
}

export function customerRoutes({ db, createCustomer }: CustomerRoutesDependencies): Router {
  const router = Router();

  router
    .route('/customers')
    .post(jsonBody, async (request: Request, response: Response) => {
      const { name, creditLimit } = valid(newCustomerBody, request.body);
      const { id: customerId } = idToCreate(request.get('Idempotency-Key'), 'customer');
      const { amountMinor: creditLimitMinor, currency } = creditLimit;
      // A repeated request gets its customer also when the currency has been withdrawn since.
      if (!isCurrentCurrency(currency) && !(await findCustomer(db, customerId)))
        throw withdrawnCurrency(currency, '/creditLimit');
      const outcome = await createCustomer({ customerId, name, creditLimitMinor, currency });
      if (outcome === 'conflict') {
        throw new Problem(
          'idempotency-key-reused',
          'A customer with other content was created with this Idempotency-Key.',
        );
      }
      // Also to a repeated request: the customer as it was at first, when nothing was reserved.
      const created = { customerId, name, creditLimitMinor, reservedMinor: 0, currency };
      response
        .status(201)
        .location(`/customers/${customerId}`)
        .set('ETag', eTag(customerId, 1))
        .json(customerJson(created));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/customers/:id')
    .get(async (request, response) => {
      const { id } = valid(idParameters, request.params);
      const customer = await findCustomer(db, id);
      if (!customer) throw new Problem('not-found', `There is no customer ${id}.`);
      response.json(customer);
    })
    .all(methodNotAllowed('GET', 'HEAD'));

  return router;
}

/** @returns undefined when there is no such customer */
export async function findCustomer(
  db: CustomerDatabase,
  customerId: string,
): Promise<z.infer<typeof customerSchema> | undefined> {
  const row = await db.customer.findUnique({ where: { id: customerId } });
  if (!row) return undefined;
  const { name, currency } = row;
  const creditLimitMinor = Number(row.creditLimitMinor);
  const reservedMinor = Number(row.reservedMinor);
  return customerJson({ customerId, name, creditLimitMinor, reservedMinor, currency });
}

function customerJson({
  customerId,
  name,
  creditLimitMinor,
  reservedMinor,
  currency,
}: CustomerView): z.infer<typeof customerSchema> {
  return {
    customerId,
    name,
    creditLimit: moneyJson(creditLimitMinor, currency),
    reserved: moneyJson(reservedMinor, currency),
    available: moneyJson(creditLimitMinor - reservedMinor, currency),
  };
}
