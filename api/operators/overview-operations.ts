/** The operations of the overview, for the table of operations. `problems`: besides those of every read. */
import type { Operation } from '../operations/operation';
import { overviewSchema } from './overview-json';

export const OVERVIEW_OPERATIONS: readonly Operation[] = [
  {
    service: 'orders',
    method: 'get',
    path: '/ops/overview',
    operationId: 'getOverview',
    scopes: ['operate'],
    forOneCustomer: 'refused',
    summary: 'The state of the order service, for operators',
    description:
      'Orders, sagas, events and limits. A source that does not answer is missing, and named. Needs the scope `operate`.',
    answers: { 200: { description: 'The overview.', schema: overviewSchema } },
    problems: ['too-many-readers'],
  },
];
