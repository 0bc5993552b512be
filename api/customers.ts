/** The customer service's routes. */
import { Router } from 'express';
import type { CustomerDatabase } from '../prisma/customer/client';
import { moneyJson } from './money';
import { idToCreate } from './prefer';
import { methodNotAllowed, Problem } from './problems';
import { idParameters, newCustomerBody, valid, validBody } from './schemas';

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
    .post(async (request, response) => {
      const { name, creditLimit } = validBody(newCustomerBody, request);
      const { id: customerId } = idToCreate(request, 'customer');
      const { amountMinor: creditLimitMinor, currency } = creditLimit;
      const outcome = await createCustomer({ customerId, name, creditLimitMinor, currency });
      if (outcome === 'conflict') {
        throw new Problem('idempotency-key-reused', 'A customer with other content was created with this Idempotency-Key.');
      }
      const created = { customerId, name, creditLimitMinor, reservedMinor: 0, currency };
      response.status(201).location(`/customers/${customerId}`).json(customerJson(created));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/customers/:id')
    .get(async (request, response) => {
      const { id } = valid(idParameters, request.params);
      const row = await db.customer.findUnique({ where: { id } });
      if (!row) throw new Problem('not-found', `There is no customer ${id}.`);
      const { name, currency } = row;
      const creditLimitMinor = Number(row.creditLimitMinor);
      const reservedMinor = Number(row.reservedMinor);
      response.json(customerJson({ customerId: id, name, creditLimitMinor, reservedMinor, currency }));
    })
    .all(methodNotAllowed('GET', 'HEAD'));

  return router;
}

function customerJson({ customerId, name, creditLimitMinor, reservedMinor, currency }: CustomerView) {
  return {
    customerId,
    name,
    creditLimit: moneyJson(creditLimitMinor, currency),
    reserved: moneyJson(reservedMinor, currency),
    available: moneyJson(creditLimitMinor - reservedMinor, currency),
  };
}
