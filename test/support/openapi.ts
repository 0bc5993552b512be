/** The OpenAPI document for tests. */
import type { openApiDocument } from '../../api/operations/openapi';

type Document = ReturnType<typeof openApiDocument>;

/** @returns the document with its components in the places that refer to them */
export function dereferenced(document: Document): Document {
  return { ...document, paths: mapped(document.paths, document) };
}

/** Keeps the type: a component is what the reference stands for. */
function mapped<Part>(part: Part, document: Document): Part {
  const text = JSON.stringify(part, (_key, value: unknown) => {
    const { $ref, ...others } = typeof value === 'object' && value !== null && '$ref' in value ? value : {};
    return typeof $ref === 'string' ? { ...at($ref, document), ...others } : value;
  });
  return JSON.parse(text) as Part;
}

/** @param reference as `#/components/schemas/Order` */
function at(reference: string, document: Document): object {
  let found: unknown = document;
  for (const name of reference.split('/').slice(1))
    found =
      typeof found === 'object' && found !== null ? new Map(Object.entries(found)).get(name) : undefined;
  if (typeof found !== 'object' || found === null) throw new Error(`${reference} leads nowhere`);
  return found;
}
