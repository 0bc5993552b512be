/** `If-Match` of RFC 9110: the client acts only on the version that it has seen. */
import { Problem } from './problems';

const TAG = String.raw`(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"`;
const TAGS = String.raw`${TAG}(?:\s*,\s*${TAG})*`;

/** What the header may be: `*`, or tags. */
export const IF_MATCH_VALUE = new RegExp(String.raw`^\s*(?:\*|${TAGS})\s*$`);

/**
 * @param header value of If-Match; `*` matches every version
 * @param current ETag of the resource
 * @throws Problem `precondition-failed` when none of the tags is the current one. A weak tag never is.
 * @throws Problem `invalid-request` when the header is not a list of tags
 */
export function requireMatch(header: string | undefined, current: string): void {
  if (header === undefined || header.trim() === '*') return;
  if (!IF_MATCH_VALUE.test(header))
    throw new Problem('invalid-request', 'If-Match must be * or a list of ETags in double quotes.');
  const tags: readonly string[] = header.match(new RegExp(TAG, 'g')) ?? [];
  if (!tags.includes(current))
    throw new Problem('precondition-failed', `The ETag of the resource is ${current}.`, {
      headers: { ETag: current },
    });
}
