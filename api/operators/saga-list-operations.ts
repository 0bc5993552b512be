/** The operations of the list of sagas, for the table of operations. `problems`: besides those of every read. */
import type { Operation } from '../operations/operation';
import { sagaPageSchema, sagasQuery } from './saga-list-json';

export const SAGA_LIST_OPERATIONS: readonly Operation[] = [
  {
    service: 'orders',
    method: 'get',
    path: '/ops/sagas',
    operationId: 'listSagas',
    scopes: ['operate'],
    forOneCustomer: 'refused',
    summary: 'Orders with their sagas, for operators',
    description:
      'Newest first. With `attention=true`, what is parked: also while the order database does not answer. Needs the scope `operate`.',
    query: sagasQuery,
    answers: { 200: { description: 'A page of orders with their sagas.', schema: sagaPageSchema } },
    problems: ['too-many-readers', 'temporal-unavailable'],
  },
];
