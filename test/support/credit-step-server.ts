/** The customer service's route for the credit step, alone on a port. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { creditStepRoutes, type CreditStepRoutesDependencies } from '../../api/customers/credit-step-routes';
import { notFound, problemHandler } from '../../api/http/problem-handler';

export async function creditStepServer(
  reserveCredit: CreditStepRoutesDependencies['reserveCredit'],
): Promise<{ readonly server: Server; readonly url: string }> {
  const routes = creditStepRoutes({ reserveCredit });
  const server = createServer(express().use(routes).use(notFound, problemHandler));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}
