/** Finds histories that cannot be replayed here: their failure would not be a divergence. */
import type { DataConverter, Payload } from '@temporalio/common';
import { CANCEL_ORDER_SAGA, CREATE_ORDER_SAGA } from '../../domain/names';
import { decodePayloads } from '../../platform/payload-codec';
import { type History, workflowTypeOf } from './recorded-steps';

const SAGAS: readonly string[] = [CREATE_ORDER_SAGA, CANCEL_ORDER_SAGA];

/** Encodings of the SDK's default converter. */
const PLAIN = new Set(['json/plain', 'json/protobuf', 'binary/plain', 'binary/null', 'binary/protobuf']);

/** @returns the reason and what to do; undefined when the history can be replayed */
export async function whyUnreplayable(
  history: History,
  dataConverter: DataConverter | undefined,
): Promise<string | undefined> {
  const type = workflowTypeOf(history);
  if (!SAGAS.includes(type))
    return `a workflow of type ${type}, which is none of this code (${SAGAS.join(', ')})`;
  const codecs = dataConverter?.payloadCodecs ?? [];
  for (const [encoding, payload] of encodedPayloads(history)) {
    if (codecs.length === 0)
      return `its payloads are encoded (${encoding}): name the codec that they were written with in PAYLOAD_ENCRYPTION_KEYS or PAYLOAD_CODEC_PATH`;
    try {
      await decodePayloads(codecs, [payload]);
    } catch (error) {
      return `its payloads cannot be decoded: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return undefined;
}

/** One payload for each combination of metadata, by its encoding: keys change while a saga runs. */
function encodedPayloads(history: History): ReadonlyMap<string, Payload> {
  const byMetadata = new Map<string, Payload>();
  for (const payload of payloadsIn(history.events)) {
    const { encoding, ...others } = metadataOf(payload);
    if (encoding === undefined || PLAIN.has(encoding)) continue;
    byMetadata.set([encoding, ...Object.values(others)].join(', '), payload);
  }
  return byMetadata;
}

/** Also in failures, memos and markers. */
function* payloadsIn(value: unknown): Generator<Payload> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (isPayload(value)) yield value;
  else for (const inner of Object.values(value)) yield* payloadsIn(inner);
}

function isPayload(value: object): value is Payload {
  if (!('metadata' in value) || typeof value.metadata !== 'object' || value.metadata === null) return false;
  return 'encoding' in value.metadata && value.metadata.encoding instanceof Uint8Array;
}

function metadataOf({ metadata }: Payload): Readonly<Partial<Record<string, string>>> {
  const texts = Object.entries(metadata ?? {}).map(
    ([name, bytes]) => [name, Buffer.from(bytes).toString()] as const,
  );
  return Object.fromEntries(texts);
}
