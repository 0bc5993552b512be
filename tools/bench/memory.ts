/** `npm run bench -- memory`: resident memory of the process after many orders, and after a tenth of them. */
import { step } from '../local/progress.cjs';
import { type Product, startShipped } from './product';
import { type Ratio, ratioOf } from './report';
import { MANY_CUSTOMERS, startBenchServers } from './servers';

const NAMESPACE = 'memory';

const RATIO_MAX = 1.1;

interface MemoryResult {
  /** Resident memory of the process by orders, MB. */
  readonly memoryMb: Readonly<Record<string, number>>;
  readonly ratios: readonly Ratio[];
}

/** @param orders in all */
export async function measureMemory(orders: number): Promise<MemoryResult> {
  const servers = await startBenchServers([NAMESPACE]);
  try {
    const product = await startShipped(servers, NAMESPACE);
    const few = Math.ceil(orders / 10);
    const [early, late] = [await memoryAfter(product, few), await memoryAfter(product, orders - few)];
    await product.stop();
    return {
      memoryMb: { [few]: early, [orders]: late },
      ratios: [
        ratioOf(`memory, ${String(orders)} orders to ${String(few)}`, late / early, { most: RATIO_MAX }),
      ],
    };
  } finally {
    await servers.stop();
  }
}

async function memoryAfter(product: Product, orders: number): Promise<number> {
  await step(`placing ${String(orders)} orders`, () =>
    product.load({ inFlight: 40, orders, customers: MANY_CUSTOMERS }),
  );
  return product.memoryMb();
}

export function printMemory({ memoryMb }: MemoryResult): void {
  for (const [orders, mb] of Object.entries(memoryMb))
    console.log(`after ${orders} orders: ${mb.toFixed(0)} MB`);
}
