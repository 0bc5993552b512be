/** The ETag of an order or a customer: which state of it somebody has seen. */

const ETAG = /^"?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,9})"?$/;

/** @param version counts the transitions of an order; 1 for a customer, whose events are not numbered further */
export function eTag(id: string, version: number): string {
  return `"${id}.${String(version)}"`;
}

/** @returns undefined for what is no ETag of ours */
export function readETag(text: string): { readonly id: string; readonly version: number } | undefined {
  const [, id, version] = ETAG.exec(text) ?? [];
  return id === undefined ? undefined : { id, version: Number(version) };
}
