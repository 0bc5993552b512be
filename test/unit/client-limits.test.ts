import { expect, test } from '@jest/globals';
import { clientLimits } from '../../api/client-limits';
import { readConfig } from '../../platform/config';

const NETWORK = {
  requestsPerMinute: 6_000,
  ordersInFlightPerClientMax: 100,
  openOrdersPerCustomerMax: 1_000,
};
const NONE = {
  requestsPerMinute: undefined,
  ordersInFlightPerClientMax: undefined,
  openOrdersPerCustomerMax: undefined,
};

test.each([
  ['this machine alone', {}, NONE],
  ['a network without authentication', { AUTH: 'none' }, NETWORK],
  ['clients with tokens', { AUTH_ISSUER: 'https://login.example', AUTH_AUDIENCE: 'orders' }, NETWORK],
])('%s has the limits that are set, and else its own', (_who, environment, limits) => {
  expect(clientLimits(readConfig(environment))).toEqual(limits);
  const set = {
    REQUESTS_PER_MINUTE_PER_CLIENT: '1',
    ORDERS_IN_FLIGHT_PER_CLIENT_MAX: '2',
    OPEN_ORDERS_PER_CUSTOMER_MAX: '3',
  };
  expect(clientLimits(readConfig({ ...environment, ...set }))).toEqual({
    requestsPerMinute: 1,
    ordersInFlightPerClientMax: 2,
    openOrdersPerCustomerMax: 3,
  });
});
