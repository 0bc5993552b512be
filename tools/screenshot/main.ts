/**
 * `npm run screenshot`: runs the product on free ports, places orders, and writes the Temporal UI's page of their saga
 * to docs/images/temporal-ui.png.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { options, runCommand } from '../../platform/command';
import { ROOT } from '../../platform/project-paths';
import { ProductProcess } from '../local/product-process';
import { step } from '../local/progress.cjs';
import { freePort } from '../local/free-port';
import { scratchFolder } from '../local/scratch-postgres';
import { chromiumPath } from './chromium';
import { photographSaga } from './saga-page';

const FILE = 'docs/images/temporal-ui.png';

/** 120 s: two servers and the migrations, on a busy machine. */
const READY_WITHIN_MS = 120_000;
/** 15 s: a graceful shutdown takes at most 10 s. */
const STOP_WITHIN_MS = 15_000;

/** 8 at once: the first starts a saga alone, and the others form a group meanwhile. */
const ORDERS = 8;
/** Enough for five of the orders, so that the page shows approvals and refusals. */
const CREDIT = { amount: '100.00', currency: 'USD' };
const ORDER_TOTAL = { amount: '20.00', currency: 'USD' };

const customerSchema = z.object({ customerId: z.string() });
const orderSchema = z.object({ links: z.object({ temporal: z.string() }) });

async function main(): Promise<void> {
  const executablePath = chromiumPath(process.env);
  const folder = scratchFolder();
  const product = await productIn(folder);
  try {
    const work = async () => {
      product.start();
      await step('starting the product', () => product.ready(READY_WITHIN_MS));
      const url = await step('placing orders', async () => {
        // A process's first sagas take seconds, in which they record more workflow tasks than usual.
        await sagaOfOrders(product.url);
        return sagaOfOrders(product.url);
      });
      mkdirSync(path.join(ROOT, path.dirname(FILE)), { recursive: true });
      await step('photographing their saga', () =>
        photographSaga(executablePath, url, path.join(ROOT, FILE)),
      );
    };
    await Promise.race([work(), interrupted()]);
  } finally {
    await product.stop(STOP_WITHIN_MS);
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`Wrote ${FILE}, ${String(Math.round(statSync(path.join(ROOT, FILE)).size / 1024))} KiB`);
}

/** `npm start`, on free ports and with its data in `folder`. */
async function productIn(folder: string): Promise<ProductProcess> {
  const ports = async () => String(await freePort());
  return new ProductProcess({
    name: 'npm start',
    script: 'tools/local/main.js',
    port: await freePort(),
    detached: true,
    env: {
      PATH: process.env['PATH'],
      TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'],
      DATA_DIR: folder,
      POSTGRES_PORT: await ports(),
      TEMPORAL_PORT: await ports(),
      TEMPORAL_UI_PORT: await ports(),
      // The start then stops when this process is killed.
      npm_lifecycle_event: 'start',
    },
  });
}

/** @returns the page of the saga that carries most of the orders */
async function sagaOfOrders(api: string): Promise<string> {
  const customer = await post(`${api}/customers`, { name: 'Ada', creditLimit: CREDIT });
  const { customerId } = customerSchema.parse(customer);
  const body = { customerId, orderTotal: ORDER_TOTAL };
  const orders = await Promise.all(Array.from({ length: ORDERS }, () => post(`${api}/orders`, body)));
  const carried = new Map<string, number>();
  for (const order of orders) {
    const { temporal } = orderSchema.parse(order).links;
    carried.set(temporal, (carried.get(temporal) ?? 0) + 1);
  }
  const [[url] = ['']] = [...carried].sort(([, one], [, other]) => other - one);
  return url;
}

async function post(url: string, body: object): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json', Prefer: 'wait=30' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok)
    throw new Error(`POST ${url} returned ${String(response.status)}: ${await response.text()}`);
  return response.json();
}

function interrupted(): Promise<never> {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        reject(new Error(`Interrupted by ${signal}`));
      });
  });
}

runCommand({
  usage: `npm run screenshot   writes the Temporal UI's page of a saga to ${FILE}

CHROMIUM_PATH names the browser; default: chromium on the PATH.`,
  read: options({}),
  run: async () => {
    await main();
    return 0;
  },
});
