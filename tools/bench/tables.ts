/** `npm run bench -- tables`: the rate of orders with a million orders in the tables, and with empty tables. */
import { withClient } from '../../platform/postgres-session';
import { SERVICE_NAMES } from '../../prisma/schema-engine';
import { step } from '../local/progress.cjs';
import { fill, FILL_STEP } from './filled-databases';
import { inTurn, warmRate } from './in-turn';
import { median } from './measure';
import { startShipped } from './product';
import { printMeasures, type Ratio, ratioOf, type Results } from './report';
import { type BenchServers, startBenchServers } from './servers';

const NAMESPACE = 'tables';

const RATIO_MIN = 0.9;

interface TablesResult {
  readonly measures: Results;
  readonly ratios: readonly Ratio[];
}

/**
 * @param filled orders in the tables
 * @param orders of a run
 */
export async function measureTables(filled: number, orders: number, rounds: number): Promise<TablesResult> {
  const empty = await startBenchServers([NAMESPACE]);
  const full = await startBenchServers([NAMESPACE]);
  try {
    const to = Math.ceil(filled / FILL_STEP) * FILL_STEP;
    await step(`inserting ${String(to)} orders`, () => fill(full.adminUrl, { from: 1, to }));
    await step('writing them to disk', () => checkpoint(full));
    const taken = await inTurn(
      [
        { name: 'empty tables', start: () => startShipped(empty, NAMESPACE) },
        { name: `${String(to)} orders in the tables`, start: () => startShipped(full, NAMESPACE) },
      ],
      rounds,
      (product) => warmRate(product, orders),
    );
    const measures = Object.fromEntries([...taken].map(([name, results]) => [name, median(results)]));
    const [without = NaN, having = NaN] = Object.values(measures).map(({ rate }) => rate);
    const what = `rate with ${String(to)} orders in the tables, to empty ones`;
    return { measures, ratios: [ratioOf(what, having / without, { least: RATIO_MIN })] };
  } finally {
    await full.stop();
    await empty.stop();
  }
}

/** Otherwise, the server would write the inserted pages while orders are measured. */
async function checkpoint({ adminUrl }: BenchServers): Promise<void> {
  for (const service of SERVICE_NAMES)
    await withClient(adminUrl(service), 'bench', (admin) => admin.query('CHECKPOINT'));
}

export function printTables({ measures }: TablesResult): void {
  printMeasures({ results: measures });
}
