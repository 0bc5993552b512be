import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadPayloadCodecs } from '../../platform/payload-codec';
import { ROOT } from '../support/start';

const { payloadCodecs = [] } = loadPayloadCodecs(path.join(ROOT, 'test/support/payload-codec.cjs'));
const [codec] = payloadCodecs;

test('a codec gets bytes, also for null, whose data comes from a workflow as an empty array', async () => {
  const ofWorkflow = {
    metadata: { encoding: Buffer.from('binary/null') },
    // What the SDK's workflow side really passes for null, against its own type.
    data: [] as unknown as Uint8Array,
  };
  const encoded = (await codec?.encode([ofWorkflow])) ?? [];
  expect(await codec?.decode(encoded)).toEqual([{ ...ofWorkflow, data: Buffer.of() }]);
});
