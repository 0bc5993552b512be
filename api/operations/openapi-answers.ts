/** The answers of an operation in the OpenAPI document, each with its headers and an example. */
import { type ProblemJson, type ProblemName, PROBLEMS, problemSchema } from '../http/problems';
import { type Examples } from './examples';
import { headersOfAnswer, headersOfProblems } from './openapi-headers';
import { schemaOf } from './openapi-schemas';
import type { Answer, DescribedOperation } from './operation';

const JSON_TYPE = 'application/json';

/** @param limited whether the requests of each client are counted */
export function answers(byStatus: DescribedOperation['answers'], examples: Examples, limited: boolean) {
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, answer]) => [
      status,
      {
        description: answer.description,
        headers: headersOfAnswer(answer.headers ?? [], limited),
        ...(answer.schema && { content: contentOf(answer, examples, status) }),
      },
    ]),
  );
}

function contentOf(
  { schema, mediaType = JSON_TYPE, orElse }: Answer,
  { answers: byStatus = {}, orElse: other }: Examples,
  status: string,
) {
  return {
    ...(schema && { [mediaType]: { schema: schemaOf(schema, 'output'), example: byStatus[Number(status)] } }),
    ...(orElse && {
      [orElse.mediaType]: { schema: schemaOf(orElse.schema, 'output'), example: other },
    }),
  };
}

/** Several problems share a status; `type` distinguishes them. */
export function problems(names: readonly ProblemName[], limited: boolean) {
  const byStatus = new Map<number, Set<ProblemName>>();
  for (const name of names) {
    const { status } = PROBLEMS[name];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(name));
  }
  return Object.fromEntries(
    Array.from(byStatus, ([status, ofStatus]) => [status, problemsAnswer([...ofStatus], limited)]),
  );
}

function problemsAnswer(names: readonly ProblemName[], limited: boolean) {
  const lines = names.map((name) => `\`/problems/${name}\`: ${PROBLEMS[name].title}.`);
  const examples = names.map((name) => [name, { $ref: `#/components/examples/${name}` }] as const);
  return {
    description: lines.join(' '),
    headers: headersOfProblems(names, limited),
    content: {
      'application/problem+json': {
        schema: schemaOf(problemSchema, 'output'),
        examples: Object.fromEntries(examples),
      },
    },
  };
}

/** What only some problems have. */
const MORE: Readonly<Partial<Record<ProblemName, Partial<ProblemJson>>>> = {
  'invalid-request': { errors: [{ pointer: '/customerId', detail: 'must be a UUID' }] },
  'cursor-too-old': {
    startsAfter: {
      '/order-service': '0000000000000004711',
      '/customer-service': '0000000000000000815',
    },
  },
};

/** Components: the document would repeat each problem at most operations. */
export function problemExample(name: ProblemName): { summary: string; value: ProblemJson } {
  const { status, title } = PROBLEMS[name];
  return {
    summary: title,
    value: {
      type: `/problems/${name}`,
      title,
      status,
      detail: `${title}.`,
      instance: '/orders',
      requestId: '0b9e5c1e-6d0f-4a4e-9a4e-6d0b4a6c7e01',
      ...MORE[name],
    },
  };
}
