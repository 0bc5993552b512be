/** The connection to Temporal, shared by a process's client and its workers. */
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';

export interface TemporalAddress {
  /** host:port of the frontend. */
  readonly address: string;
  readonly namespace: string;
}

/** Client and workers use one connection: a start is eager only when the worker is known on it. */
export interface TemporalLink {
  readonly connection: NativeConnection;
  readonly client: Client;
}

/**
 * @throws Error naming the address when the server cannot be reached
 */
export async function connectTemporal({ address, namespace }: TemporalAddress): Promise<TemporalLink> {
  const connection = await NativeConnection.connect({ address });
  return { connection, client: new Client({ connection, namespace }) };
}
