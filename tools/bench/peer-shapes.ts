/** The shapes of load under which the product and other engines are measured. */
import { type Measured, measured, WARM_UP_SHARE } from './measure';
import { loadFromOtherProcess } from './product';
import { approved, newCustomers, steadily } from './requests';
import { MANY_CUSTOMERS } from './servers';

export interface Shape {
  readonly name: string;
  /** @param orders of a run with forty in flight */
  readonly measure: (url: string, orders: number) => Promise<Measured>;
  readonly warmUp: (url: string, orders: number) => Promise<unknown>;
}

/** 20 a second: one order every 50 ms. */
const STEADY_PER_SECOND = 20;
/** Enough samples for a median, in 8 s. */
const STEADY_ORDERS = 160;
/** Of the orders with forty in flight: an order alone takes several times its share of the time. */
const ALONE_SHARE = 1 / 8;

export const SHAPES: readonly Shape[] = [
  closed('40 in flight', 40, 1),
  closed('200 in flight', 200, 1),
  closed('one after the other', 1, ALONE_SHARE),
  { name: 'one every 50 ms', measure: measureSteady, warmUp: () => Promise.resolve() },
];

function closed(name: string, inFlight: number, share: number): Shape {
  const measure = (url: string, orders: number) =>
    loadFromOtherProcess({ url, inFlight, orders: Math.ceil(orders * share), customers: MANY_CUSTOMERS });
  return { name, measure, warmUp: (url, orders) => measure(url, Math.ceil(orders * WARM_UP_SHARE)) };
}

async function measureSteady(url: string): Promise<Measured> {
  const customers = await newCustomers(url, MANY_CUSTOMERS);
  const began = performance.now();
  const latencies = await steadily(
    STEADY_PER_SECOND,
    (begun) => begun < STEADY_ORDERS,
    (index) => approved(url, customers[index % customers.length] ?? ''),
  );
  return measured(latencies, performance.now() - began);
}
