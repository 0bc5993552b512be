/** The customer service's routes. */
import { type Request, type Response, Router } from 'express';
import { isCurrentCurrency } from '../../domain/currency';
import type { CustomerDatabase } from '../../prisma/customer/client';
import { formatETag } from '../http/etag';
import { idToCreate } from '../http/idempotency';
import { withdrawnCurrency } from '../http/money';
import { otherMethods } from '../http/problem-handler';
import { principalOf } from '../http/principal';
import { Problem } from '../http/problems';
import { idParameters } from '../http/schemas';
import { jsonBody, valid } from '../http/validation';
import { customerJson, type CustomerJson, newCustomerBody } from './customer-json';

export interface CustomerRoutesDependencies {
  readonly db: CustomerDatabase;
  /** Writes the customer and its event; `conflict` when the id belongs to a customer with other content. */
  readonly createCustomer: (customer: {
    readonly customerId: string;
    readonly name: string;
    readonly creditLimitMinor: number;
    readonly currency: string;
  }) => Promise<'created' | 'conflict'>;
  /** Erases the customer's name and writes the event. */
  readonly erasePersonalData: (customerId: string) => Promise<'erased' | 'unknown-customer'>;
}

export function customerRoutes({
  db,
  createCustomer,
  erasePersonalData,
}: CustomerRoutesDependencies): Router {
  const router = Router();

  router
    .route('/customers')
    .post(jsonBody, async (request: Request, response: Response) => {
      const { name, creditLimit } = valid(newCustomerBody, request.body);
      const { id, keyed } = idToCreate(principalOf(response), request.get('Idempotency-Key'), 'customer');
      const { amountMinor, currency } = creditLimit;
      // A repeated request gets its customer also when the currency has been withdrawn since.
      if (!isCurrentCurrency(currency) && !(await findCustomer(db, id)))
        throw withdrawnCurrency(currency, '/creditLimit');
      const outcome = await createCustomer({
        customerId: id,
        name,
        creditLimitMinor: amountMinor,
        currency,
      });
      if (outcome === 'conflict') {
        throw new Problem(
          'idempotency-key-reused',
          'A customer with other content was created with this Idempotency-Key.',
        );
      }
      const created = {
        ...{ id, name, creditLimitMinor: BigInt(amountMinor), reservedMinor: 0n, currency },
        version: 1,
      };
      // A repeated request gets the customer as it is now.
      const row = (keyed ? await customerRow(db, id) : null) ?? created;
      response
        .status(201)
        .location(`/customers/${id}`)
        .set('ETag', formatETag(id, row.version))
        .json(customerJson(row));
    })
    .all(otherMethods('POST'));

  router
    .route('/customers/:id')
    .get(async (request, response) => {
      const { id } = valid(idParameters, request.params);
      const customer = await findCustomer(db, id);
      if (!customer) throw new Problem('not-found', `There is no customer ${id}.`);
      response.json(customer);
    })
    .all(otherMethods('GET', 'HEAD'));

  router
    .route('/customers/:id/personal-data')
    .delete(async (request, response) => {
      const { id } = valid(idParameters, request.params);
      if ((await erasePersonalData(id)) === 'unknown-customer')
        throw new Problem('not-found', `There is no customer ${id}.`);
      response.status(204).end();
    })
    .all(otherMethods('DELETE'));

  return router;
}

/** @returns undefined when the customer does not exist */
export async function findCustomer(
  db: CustomerDatabase,
  customerId: string,
): Promise<CustomerJson | undefined> {
  const row = await customerRow(db, customerId);
  return row ? customerJson(row) : undefined;
}

function customerRow(db: CustomerDatabase, id: string) {
  return db.customer.findUnique({ where: { id } });
}
