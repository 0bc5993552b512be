/** The order as callers see it. */
import type { z } from 'zod';
import type { CancellationReason, OrderState } from '../../domain/order';
import { moneyJson } from '../http/money';
import type { orderSchema } from '../http/schemas';

/** What is known of an order, from its row or from the request and its notices. */
export interface OrderView {
  readonly orderId: string;
  readonly customerId: string;
  readonly totalMinor: number;
  readonly currency: string;
  readonly state: OrderState;
  readonly reason?: CancellationReason;
  /** ISO 8601 with milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts its transitions, from 1. */
  readonly version: number;
  /** Workflow id of the saga that owns the order. */
  readonly sagaId: string;
  /** UUID made of the Idempotency-Key of the request that cancelled the order. */
  readonly cancellationKey?: string;
}

/** @param sagaLink the Temporal UI's page of a saga */
export function orderJson(
  order: OrderView,
  sagaLink: (sagaId: string) => string,
): z.infer<typeof orderSchema> {
  return {
    orderId: order.orderId,
    customerId: order.customerId,
    orderTotal: moneyJson(order.totalMinor, order.currency),
    state: order.state,
    ...(order.reason && { cancellationReason: order.reason }),
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    links: { self: orderPath(order.orderId), temporal: sagaLink(order.sagaId) },
  };
}

export function orderPath(orderId: string): string {
  return `/orders/${orderId}`;
}
