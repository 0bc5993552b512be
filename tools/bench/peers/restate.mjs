/* global fetch */
/** Restate: a durable handler with three steps. Its server is another process. */
import * as restate from '@restatedev/restate-sdk';
import * as clients from '@restatedev/restate-sdk-clients';
import { approve, createPending, reserveCredit, serve } from './shared.mjs';

// The SDK uses it; Node has it from version 22.
Promise.withResolvers ??= function withResolvers() {
  const deferred = {};
  deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }));
  return deferred;
};

const orders = restate.service({
  name: 'orders',
  handlers: {
    place: async (context, order) => {
      await context.run('create', () => createPending(order));
      await context.run('reserve', () => reserveCredit(order));
      return context.run('approve', () => approve(order));
    },
  },
});

const { HANDLERS_PORT, RESTATE_ADMIN_URL, RESTATE_INGRESS_URL } = process.env;
await restate.serve({ services: [orders], port: Number(HANDLERS_PORT) });
const registered = await fetch(`${RESTATE_ADMIN_URL}/deployments`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ uri: `http://127.0.0.1:${HANDLERS_PORT}` }),
});
if (!registered.ok) throw new Error(`Restate did not take the handlers: ${await registered.text()}`);
const { place } = clients.connect({ url: RESTATE_INGRESS_URL }).serviceClient(orders);
serve((order) => place(order));
