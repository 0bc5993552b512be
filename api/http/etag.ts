/** The ETag of an order or a customer: its id and the version that the client has seen. */

const ETAG = /^"?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,9})"?$/;

/** @param version number of the events of an order or a customer */
export function formatETag(id: string, version: number): string {
  return `"${id}.${String(version)}"`;
}

/** @returns undefined when the text is not an ETag of this API */
export function parseETag(text: string): { readonly id: string; readonly version: number } | undefined {
  const [, id, version] = ETAG.exec(text) ?? [];
  return id === undefined ? undefined : { id, version: Number(version) };
}
