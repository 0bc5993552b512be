/** Invariant 6: Temporal and the databases disagree. */
import { v7 as newUuid } from 'uuid';
import { orderIdsAttribute } from '../../../api/orders/saga-types';
import { cancelSagaWorkflowId, CREATE_ORDER_SAGA } from '../../../domain/names';
import { call, eventually, newCustomer, placeOrder } from '../http';
import { holdCustomer } from '../outages';
import { decided, type Plants } from './plant';

export const SAGAS: Plants = {
  '6: an open order whose saga was terminated': async (system, ends) => {
    const customer = await newCustomer(system.url, '10.00');
    const held = await holdCustomer(system.databases.adminCustomerUrl, customer);
    // A worker that runs a step learns of the end only after it.
    ends.push(() => held.release());
    const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
    await system.client.workflow.getHandle(`order-${orderId}`).terminate();
    return [
      [
        orderId,
        ['terminal', 'it is still PENDING'],
        ['saga', `PENDING, and its saga order-${orderId} does not run`],
      ],
    ];
  },

  '6: an order that is CANCELLING without its saga': async (system, ends) => {
    const { orderId, customer } = await decided(system);
    const held = await holdCustomer(system.databases.adminCustomerUrl, customer);
    ends.push(() => held.release());
    await call(`${system.url}/orders/${orderId}/cancel`, 'POST');
    await eventually(async () => {
      const { body } = await call(`${system.url}/orders/${orderId}`, 'GET');
      return body['state'] === 'CANCELLING' ? true : undefined;
    });
    const saga = cancelSagaWorkflowId(orderId);
    await system.client.workflow.getHandle(saga).terminate();
    return [
      [
        orderId,
        ['terminal', 'it is still CANCELLING'],
        ['saga', `CANCELLING, and its saga ${saga} does not run`],
      ],
    ];
  },

  '6: a saga that runs for an order at its end': async (system, ends) => {
    const { orderId } = await decided(system);
    const workflowId = `order-${newUuid()}`;
    const handle = await system.client.workflow.start(CREATE_ORDER_SAGA, {
      workflowId,
      taskQueue: 'nobody polls this one',
      typedSearchAttributes: [{ key: orderIdsAttribute, value: [orderId] }],
    });
    ends.push(() => handle.terminate());
    await eventually(async () => {
      const { count } = await system.client.workflow.count(`WorkflowId = '${workflowId}'`);
      return count === 1 ? true : undefined;
    });
    return [[orderId, ['saga', `saga ${workflowId} runs, and has nothing left to do`]]];
  },
};
