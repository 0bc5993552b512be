/** Looks for a word in every store of a system. */
import { temporal } from '@temporalio/proto';
import type { Client } from '@temporalio/client';
import { rowsOf, type TestDatabases } from './databases';

/**
 * Looks into each column of each table, and into the samples that ANALYZE keeps of them.
 *
 * @returns `database: table.column`, sorted
 */
export async function placesInDatabases(databases: TestDatabases, word: string): Promise<string[]> {
  const urls = {
    order: databases.adminOrderUrl,
    customer: databases.adminCustomerUrl,
    history: databases.adminHistoryUrl,
  };
  const found = await Promise.all(
    Object.entries(urls).map(async ([database, url]) =>
      (await placesIn(url, word)).map((place) => `${database}: ${place}`),
    ),
  );
  return found.flat().sort();
}

async function placesIn(url: string, word: string): Promise<string[]> {
  await rowsOf(url, 'ANALYZE');
  const columns = await rowsOf(
    url,
    `SELECT quote_ident(c.table_schema) || '.' || quote_ident(c.table_name) AS table, c.table_name || '.' || c.column_name AS place,
       quote_ident(c.column_name) AS column
     FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  if (columns.length === 0) throw new Error('the database has no tables');
  const places: string[] = [];
  for (const { table, place, column } of columns) {
    const query = `SELECT FROM ${String(table)} WHERE strpos(${String(column)}::text, $1) > 0 LIMIT 1`;
    if ((await rowsOf(url, query, [word])).length > 0) places.push(String(place));
  }
  const samples = await rowsOf(
    url,
    `SELECT tablename || '.' || attname AS place FROM pg_stats WHERE strpos(pg_stats::text, $1) > 0`,
    [word],
  );
  return [...places, ...samples.map(({ place }) => `statistics of ${String(place)}`)];
}

/**
 * Looks into the listing of each workflow of the namespace, with its memo and its search attributes, and into its history.
 *
 * @returns the number of workflows, and the ids of those with the word
 */
export async function workflowsWith(
  client: Client,
  word: string,
): Promise<{ readonly searched: number; readonly found: readonly string[] }> {
  const found: string[] = [];
  let searched = 0;
  for await (const { workflowId, runId, raw } of client.workflow.list()) {
    searched += 1;
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const bytes = [
      temporal.api.workflow.v1.WorkflowExecutionInfo.encode(raw).finish(),
      temporal.api.history.v1.History.encode(history).finish(),
    ];
    if (bytes.some((each) => Buffer.from(each).includes(word))) found.push(workflowId);
  }
  return { searched, found };
}
