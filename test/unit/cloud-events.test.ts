/** Every type of event is a CloudEvent 1.0 that the official SDK accepts, and its data is what its JSON Schema says. */
import { expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { CloudEvent as OfficialEvent, HTTP } from 'cloudevents';
import { EVENT_VERSIONS } from '../../domain/events';
import { cloudEvent, cloudEventSchema } from '../../events/cloud-event';
import { EVENT_TYPE_NAMES, EVENT_TYPES, type EventType, jsonSchemaOf } from '../../events/event-types';
import { BASE_URI } from '../support/event-base';

const SUBJECT = '019f0000-0000-7000-8000-000000000001';

function eventOf(type: EventType, position = 42n) {
  return cloudEvent(
    EVENT_TYPES[type].source,
    {
      id: '7-1795610863810066',
      position,
      type,
      aggregateId: SUBJECT,
      sequence: 2,
      sagaId: `order-${SUBJECT}`,
      occurredAt: new Date('2026-11-25T12:47:43.807Z'),
      data: { ...EVENT_TYPES[type].example },
      schemaVersion: EVENT_VERSIONS[type],
    },
    { source: 'https://old.example', schema: BASE_URI },
  );
}

test.each(EVENT_TYPE_NAMES)(
  'the official SDK accepts %s, alone and from a structured-mode request',
  (type) => {
    const event = eventOf(type);
    expect(new OfficialEvent(event, true).validate()).toBe(true);
    const request = {
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify(event),
    };
    expect(HTTP.toEvent(request)).toMatchObject({ ...event, time: event.time });
    expect(cloudEventSchema.parse(event)).toEqual(event);
  },
);

test.each(EVENT_TYPE_NAMES)(
  '%s: absolute URIs, one width of sequence, lower-case extension names',
  (type) => {
    const event = eventOf(type);
    expect(event.source).toBe(`https://old.example${EVENT_TYPES[type].source}`);
    expect(event).toMatchObject({
      dataschema: `${BASE_URI}/event-schemas/${type}/1`,
      partitionkey: SUBJECT,
      subject: SUBJECT,
      aggregateversion: 2,
      time: '2026-11-25T12:47:43.807Z',
      datacontenttype: 'application/json',
    });
    for (const uri of [event.source, event.dataschema]) expect(new URL(uri).href).toBe(uri);
    for (const name of Object.keys(event)) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
  },
);

test('sequences sort as text as their positions do as numbers, up to the largest', () => {
  const positions = [1n, 9n, 10n, 99n, 1_000_000n, 2n ** 63n - 1n];
  const sequences = positions.map((position) => eventOf('OrderCreated', position).sequence);
  expect([...sequences].sort()).toEqual(sequences);
  expect(sequences.map(BigInt)).toEqual(positions);
});

test('the events of one saga share a trace, and each has a span of its own', () => {
  const parents = EVENT_TYPE_NAMES.map((type) => eventOf(type).traceparent);
  const [, traces, spans] = [0, 1, 2].map((part) => new Set(parents.map((each) => each.split('-')[part])));
  expect(traces?.size).toBe(1);
  // One id at each of the two services.
  expect(spans?.size).toBe(2);
});

test.each(EVENT_TYPE_NAMES)(
  'the JSON Schema of %s is strict, names its URL, and refuses what it does not know',
  (type) => {
    const url = `${BASE_URI}/event-schemas/${type}/1`;
    const schema = jsonSchemaOf(type, 1, url);
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: url,
      additionalProperties: false,
    });
    const ajv = addFormats(new Ajv2020({ strict: true, allErrors: true }));
    const accepts = ajv.compile(schema ?? false);
    const { example } = EVENT_TYPES[type];
    expect([accepts(example), accepts.errors]).toEqual([true, null]);
    expect(accepts({ ...example, more: 1 })).toBe(false);
    for (const name of Object.keys(example)) expect(accepts({ ...example, [name]: null })).toBe(false);
  },
);
