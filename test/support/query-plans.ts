/** The plans of the statements that the product sends: how many rows of a table they read, and how. */
import type { Client, Pool, PoolClient } from 'pg';
import { z } from 'zod';

const statementSchema = z.object({ text: z.string(), values: z.array(z.unknown()) });
export type Statement = z.infer<typeof statementSchema>;

/** @returns the statements that the pool sends from now on */
export function recordStatements(pool: Pool): Statement[] {
  const sent: Statement[] = [];
  pool.on('connect', (client: PoolClient) => {
    const query = client.query.bind(client) as (...parts: unknown[]) => unknown;
    Object.assign(client, {
      query: (...parts: unknown[]) => {
        const statement = statementSchema.safeParse(parts[0]);
        if (statement.success) sent.push(statement.data);
        return query(...parts);
      },
    });
  });
  return sent;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

export interface Scan {
  readonly mode: string;
  readonly type: string;
  /** Rows that it has read, whether it has returned them or not. */
  readonly rows: number;
}

/** @returns the scans of the table, with values and as a prepared statement that was planned without them */
export async function scansOf(admin: Client, { text, values }: Statement, table: string): Promise<Scan[]> {
  const scans: Scan[] = [];
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    await admin.query(`SET plan_cache_mode = ${mode}`);
    const { rows } = await admin.query<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>({
      name: `${mode}${String(Math.random())}`,
      text: `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
      values,
    });
    const nodes = rows[0]?.['QUERY PLAN'].flatMap(({ Plan }) => nodesOf(Plan)) ?? [];
    for (const node of nodes.filter((each) => each['Relation Name'] === table))
      scans.push({ mode, type: node['Node Type'], rows: node['Actual Loops'] * readBy(node) });
  }
  return scans;
}

function readBy(node: PlanNode): number {
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return node['Actual Rows'] + removed;
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}
