/** Temporal's contract of remote codecs: payloads as JSON, with base64 for bytes. */
import type { Payload } from '@temporalio/common';
import { z } from 'zod';

const payloadSchema = z.object({
  metadata: z.record(z.string(), z.base64()).default({}),
  data: z.base64().default(''),
});

export const payloadsSchema = z.object({
  payloads: z
    .array(payloadSchema)
    .meta({ description: 'Payloads of Temporal; `metadata` and `data` in base64.' }),
});

type PayloadsJson = z.infer<typeof payloadsSchema>;

export function payloadsOf({ payloads }: PayloadsJson): Payload[] {
  return payloads.map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data, 'base64'),
  }));
}

export function payloadsJson(payloads: readonly Payload[]): PayloadsJson {
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)]),
      ),
      data: base64(data ?? Buffer.of()),
    })),
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
