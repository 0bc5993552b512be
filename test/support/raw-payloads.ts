/** The payloads of a saga's history as the server has them, in the JSON of Temporal's remote codecs. */
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { z } from 'zod';

const payload = z.object({ metadata: z.record(z.string(), z.string()), data: z.string().default('') });

export type RawPayload = z.infer<typeof payload>;

export async function rawPayloadsOf(client: Client, workflowId: string): Promise<RawPayload[]> {
  const history: unknown = JSON.parse(
    historyToJSON(await client.workflow.getHandle(workflowId).fetchHistory()),
  );
  return [...payloadsIn(history)];
}

/** @returns the ids of the keys with which the payloads were encrypted, in the order of their first use */
export function keyIdsOf(payloads: readonly RawPayload[]): string[] {
  const ids = payloads.flatMap(({ metadata }) => metadata['encryption-key-id'] ?? []);
  return [...new Set(ids)].map((id) => Buffer.from(id, 'base64').toString());
}

function* payloadsIn(value: unknown): Generator<RawPayload> {
  if (typeof value !== 'object' || value === null) return;
  const { data: found } = payload.safeParse(value);
  if (found) yield found;
  else for (const inner of Object.values(value)) yield* payloadsIn(inner);
}
