/** The two sagas, for the processes that start them. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { OrderRequest, OrderToCancel } from '../../domain/contracts';
import {
  CANCEL_ORDER_SAGA,
  cancelSagaWorkflowId,
  CREATE_ORDER_SAGA,
  ORDER_IDS_ATTRIBUTE,
  ORDER_TASK_QUEUE,
  sagaWorkflowId,
} from '../../domain/names';
import type { SagaType } from '../../saga/host/start-options';

export const orderIdsAttribute = defineSearchAttributeKey(
  ORDER_IDS_ATTRIBUTE,
  SearchAttributeType.KEYWORD_LIST,
);

export const CREATE_ORDER: SagaType<OrderRequest> = {
  name: CREATE_ORDER_SAGA,
  taskQueue: ORDER_TASK_QUEUE,
  subjectIds: orderIdsAttribute,
  subjectId: ({ orderId }) => orderId,
  lane: ({ customerId }) => customerId,
  workflowId: sagaWorkflowId,
  summary: (orders) => (orders === 1 ? 'Saga of one order' : `Saga of ${String(orders)} orders`),
};

export const CANCEL_ORDER: SagaType<OrderToCancel> = {
  name: CANCEL_ORDER_SAGA,
  taskQueue: ORDER_TASK_QUEUE,
  subjectIds: orderIdsAttribute,
  subjectId: ({ orderId }) => orderId,
  workflowId: ([orderId, ...others]) => {
    if (orderId === undefined || others.length > 0)
      throw new RangeError('a cancellation has exactly one order');
    return cancelSagaWorkflowId(orderId);
  },
  summary: () => 'Cancellation of an order',
};
