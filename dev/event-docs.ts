/** `npm run docs:events`: writes docs/events.md from the schemas that the events are validated with. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { EVENT_VERSIONS } from '../domain/events';
import { cloudEventSchema } from '../events/cloud-event';
import { EVENT_TYPE_NAMES, EVENT_TYPES, type EventType, schemaPath } from '../events/event-types';
import { ROOT } from './paths';

export const EVENT_DOCS_PATH = path.join(ROOT, 'docs/events.md');

const INTRODUCTION = `# Events

Written by \`npm run docs:events\` from the schemas that validate them; a test says when this page is not current.

Each event is a CloudEvent 1.0 in JSON. \`GET /events\` gives them as pages and as a stream; the README says how to
consume them, and what is guaranteed.

Events are pruned some time after their publication. \`startsAfter\` says where the feed starts, in each page and in the
\`410\` that answers a cursor which is too old: by source, the \`position\` up to which events are gone.

\`dataschema\` names the version in which the event was written, and stays with it: when there is a later version, the
schemas before it are still found at their paths. A version is raised when a consumer of the one before would misread
the data; a field more does not raise it.
`;

/** What a consumer needs is in the event: ids, amounts, state, reason. Nobody has to call back. */
export function eventDocs(): string {
  return [
    INTRODUCTION,
    '## Around every event\n',
    table(cloudEventSchema),
    ...EVENT_TYPE_NAMES.map(section),
  ].join('\n');
}

function section(type: EventType): string {
  const { source, when, data, example } = EVENT_TYPES[type];
  const version = EVENT_VERSIONS[type];
  return `
## ${type}

${when} From \`${source}\`, version ${String(version)}: \`${schemaPath(type, version)}\`.

${table(data)}
\`\`\`json
${JSON.stringify(example, null, 2)}
\`\`\`
`;
}

interface Property {
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
}

function table(schema: z.ZodType): string {
  const { properties = {}, required = [] } = z.toJSONSchema(schema) as {
    readonly properties?: Readonly<Record<string, Property>>;
    readonly required?: readonly string[];
  };
  const rows = Object.entries(properties).map(
    ([name, property]) =>
      `| \`${name}\` | ${typeOf(property)}${required.includes(name) ? '' : ', optional'} | ${property.description ?? ''} |`,
  );
  return ['| field | type | |', '|---|---|---|', ...rows, ''].join('\n');
}

function typeOf({ type, const: constant, enum: values }: Property): string {
  if (constant !== undefined) return `\`${constant}\``;
  return values?.map((value) => `\`${value}\``).join(', ') ?? type ?? '';
}

if (require.main === module) writeFileSync(EVENT_DOCS_PATH, eventDocs());
