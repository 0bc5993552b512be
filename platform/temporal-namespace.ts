/** What a Temporal namespace must have before a service starts. */
import { temporal } from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';
import { ConfigError } from './config-error';
import { connectTemporal, reasonOf, type TemporalTarget } from './temporal';

/** 60 s: a cluster refreshes its cache of search attributes about twice a minute. */
const ATTRIBUTE_TIMEOUT_MS = 60_000;
const ATTRIBUTE_POLL_MS = 500;

/** 5 s: an available server answers sooner. */
const CONNECT_TIMEOUT_MS = 5_000;

/** gRPC's code. */
const NOT_FOUND = 5;

const { IndexedValueType } = temporal.api.enums.v1;
const KEYWORD_LIST = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST;

/**
 * Checks that the server answers, and registers the search attributes that the namespace lacks. Any number of processes may
 * do it at once. Run it before a service starts.
 *
 * @param attributes names of KeywordList search attributes
 * @throws ConfigError that names the variable and the fix
 */
export async function prepareTemporal(target: TemporalTarget, attributes: readonly string[]): Promise<void> {
  const { address, namespace } = target;
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(reject, CONNECT_TIMEOUT_MS, new Error('no answer in 5 s')).unref();
  });
  const { connection } = await Promise.race([connectTemporal(target), late]).catch((error: unknown) => {
    throw new ConfigError(
      `TEMPORAL_ADDRESS ${address} cannot be reached (${reasonOf(error)}); check TEMPORAL_ADDRESS`,
    );
  });
  try {
    for (const attribute of attributes) await ensureKeywordList(connection, namespace, attribute);
  } finally {
    await connection.close();
  }
}

/** @throws ConfigError when the namespace lacks the attribute and it cannot be added, or has it with another type */
async function ensureKeywordList(
  connection: NativeConnection,
  namespace: string,
  attribute: string,
): Promise<void> {
  const hasIt = async (): Promise<boolean> => {
    const type = await typeOf(connection, namespace, attribute);
    if (type !== undefined && type !== KEYWORD_LIST) throw wrongType(namespace, attribute, type);
    return type === KEYWORD_LIST;
  };
  try {
    if (await hasIt()) return;
    await connection.operatorService
      .addSearchAttributes({ namespace, searchAttributes: { [attribute]: KEYWORD_LIST } })
      .catch(async (error: unknown) => {
        // Another process may have added it meanwhile.
        if (!(await hasIt())) throw error;
      });
    await untilUsable(connection, namespace, attribute);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const flags = `--namespace ${namespace}`;
    throw new ConfigError(
      error instanceof Error && 'code' in error && error.code === NOT_FOUND
        ? `TEMPORAL_NAMESPACE ${namespace} does not exist; create it: temporal operator namespace create ${flags}`
        : `TEMPORAL_NAMESPACE ${namespace} cannot be used: its search attribute ${attribute} (KeywordList) is missing ` +
            `and could not be added (${reasonOf(error)}); add it with an account that may: temporal operator ` +
            `search-attribute create ${flags} --name ${attribute} --type KeywordList`,
    );
  }
}

async function typeOf({ operatorService }: NativeConnection, namespace: string, attribute: string) {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  return customAttributes[attribute];
}

function wrongType(
  namespace: string,
  attribute: string,
  type: temporal.api.enums.v1.IndexedValueType,
): ConfigError {
  const flags = `--namespace ${namespace} --name ${attribute}`;
  const found = IndexedValueType[type].replace('INDEXED_VALUE_TYPE_', '');
  return new ConfigError(
    `TEMPORAL_NAMESPACE ${namespace} cannot be used: its search attribute ${attribute} has type ${found}, and must be a ` +
      `KeywordList; remove it, and start again: temporal operator search-attribute remove ${flags}`,
  );
}

/** A server rejects a start with a new attribute until it has refreshed its cache. */
async function untilUsable(
  { workflowService }: NativeConnection,
  namespace: string,
  attribute: string,
): Promise<void> {
  const deadline = Date.now() + ATTRIBUTE_TIMEOUT_MS;
  for (;;) {
    try {
      await workflowService.countWorkflowExecutions({ namespace, query: `${attribute} = 'nothing'` });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, ATTRIBUTE_POLL_MS));
    }
  }
}
