/** Finds histories that cannot be replayed here: their failure would not be a divergence. */
import type { DataConverter } from '@temporalio/common';
import { CANCEL_ORDER_SAGA, CREATE_ORDER_SAGA } from '../../domain/names';
import { type History, workflowTypeOf } from './recorded-steps';

const SAGAS: readonly string[] = [CREATE_ORDER_SAGA, CANCEL_ORDER_SAGA];

/** Encodings of the SDK's default converter. */
const PLAIN = new Set(['json/plain', 'json/protobuf', 'binary/plain', 'binary/null', 'binary/protobuf']);

/** @returns the reason and what to do; undefined when the history can be replayed */
export function whyUnreplayable(
  history: History,
  dataConverter: DataConverter | undefined,
): string | undefined {
  const type = workflowTypeOf(history);
  if (!SAGAS.includes(type))
    return `a workflow of type ${type}, which is none of this code (${SAGAS.join(', ')})`;
  const encoding = encodingOf(history);
  if (encoding === undefined || PLAIN.has(encoding) || dataConverter?.payloadCodecs?.length) return undefined;
  return `its payloads are encoded (${encoding}): name the codec that they were written with in PAYLOAD_CODEC_PATH`;
}

/** Encoding of the saga's input: a codec encodes all payloads or none. */
function encodingOf({ events }: History): string | undefined {
  const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  const encoding = input?.metadata?.['encoding'];
  return encoding ? Buffer.from(encoding).toString() : undefined;
}
