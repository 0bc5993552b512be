/** The parameters of an operation in the OpenAPI document: path, query and headers, as the server checks them. */
import { idParameters } from '../http/schemas';
import type { DescribedOperation } from './operation';
import { inlineSchema } from './openapi-schemas';

const ID_DESCRIPTION = 'A UUID. In upper case it means the same.';

export function parameters({
  path,
  pathParameters = idParameters,
  query,
  headers = {},
}: Pick<DescribedOperation, 'path' | 'pathParameters' | 'query' | 'headers'>) {
  const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => {
    const schema = pathParameters.shape[name];
    if (!schema) throw new Error(`${path} has no schema of ${name}`);
    const { description = ID_DESCRIPTION, ...rest } = inlineSchema(schema);
    return { name, in: 'path', required: true, description, schema: rest };
  });
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...rest } = inlineSchema(schema);
    return { name, in: 'query', description, schema: rest };
  });
  const inHeaders = Object.entries(headers).map(([name, { description, schema }]) => ({
    name,
    in: 'header',
    description,
    schema: inlineSchema(schema),
  }));
  return [...inPath, ...inQuery, ...inHeaders];
}
