/** The codecs that encrypt or compress the payloads that Temporal stores, failures included: ours, or those of a module. */
import path from 'node:path';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { ConfigError } from './config-error';
import type { EncryptionKeys } from './encryption-keys';
import { PayloadEncryption } from './payload-encryption';

/** Without it, a codec leaves the messages and stack traces of failures in clear. */
export const ENCODED_FAILURES = require.resolve('./encoded-failures');

interface CodecSettings {
  readonly PAYLOAD_ENCRYPTION_KEYS?: EncryptionKeys | undefined;
  readonly PAYLOAD_CODEC_PATH?: string | undefined;
}

/**
 * @returns undefined when nothing is encoded
 * @throws ConfigError when both are set, or the module cannot be loaded
 */
export function payloadConverter({
  PAYLOAD_ENCRYPTION_KEYS: keys,
  PAYLOAD_CODEC_PATH: file,
}: CodecSettings): DataConverter | undefined {
  if (keys && file !== undefined)
    throw new ConfigError('PAYLOAD_ENCRYPTION_KEYS and PAYLOAD_CODEC_PATH exclude each other: set one');
  if (keys) return converterOf([new PayloadEncryption(keys)]);
  return file === undefined ? undefined : loadPayloadCodecs(file);
}

/**
 * @param file path of a CommonJS module that exports `payloadCodecs`, an array of Temporal's PayloadCodec
 * @throws ConfigError when the module cannot be loaded or exports no codecs
 */
export function loadPayloadCodecs(file: string): DataConverter {
  let loaded: unknown;
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the configuration gives the path
    loaded = require(path.resolve(file));
  } catch (error) {
    // Node lists the modules that required it in further lines.
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new ConfigError(`PAYLOAD_CODEC_PATH: ${file} cannot be loaded (${String(reason)})`);
  }
  if (!hasCodecs(loaded)) {
    throw new ConfigError(
      `PAYLOAD_CODEC_PATH: ${file} does not export payloadCodecs, an array of objects with encode and decode`,
    );
  }
  return converterOf(loaded.payloadCodecs);
}

/** In the order of the SDK: from the first codec to the last. */
export async function encodePayloads(
  codecs: readonly PayloadCodec[],
  payloads: Payload[],
): Promise<Payload[]> {
  let encoded = payloads;
  for (const codec of codecs) encoded = await codec.encode(encoded);
  return encoded;
}

/** In the order of the SDK: from the last codec to the first. */
export async function decodePayloads(
  codecs: readonly PayloadCodec[],
  payloads: Payload[],
): Promise<Payload[]> {
  let decoded = payloads;
  for (const codec of codecs.toReversed()) decoded = await codec.decode(decoded);
  return decoded;
}

function converterOf(codecs: readonly PayloadCodec[]): DataConverter {
  return { payloadCodecs: codecs.map(withBytes), failureConverterPath: ENCODED_FAILURES };
}

/** The data of a payload without data, such as null, comes from a workflow as an empty array; ciphers take only bytes. */
function withBytes(codec: PayloadCodec): PayloadCodec {
  const bytes = (payload: Payload): Payload => ({ ...payload, data: Buffer.from(payload.data ?? []) });
  return {
    encode: (payloads, ...context) => codec.encode(payloads.map(bytes), ...context),
    decode: (payloads, ...context) => codec.decode(payloads.map(bytes), ...context),
  };
}

function hasCodecs(loaded: unknown): loaded is { readonly payloadCodecs: readonly PayloadCodec[] } {
  if (typeof loaded !== 'object' || loaded === null || !('payloadCodecs' in loaded)) return false;
  const { payloadCodecs } = loaded;
  return Array.isArray(payloadCodecs) && payloadCodecs.length > 0 && payloadCodecs.every(isCodec);
}

function isCodec(codec: unknown): boolean {
  return (
    typeof codec === 'object' &&
    codec !== null &&
    'encode' in codec &&
    typeof codec.encode === 'function' &&
    'decode' in codec &&
    typeof codec.decode === 'function'
  );
}
