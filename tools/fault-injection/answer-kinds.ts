/** Classifies the answers of the API. */

export interface RawAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly contentType: string | null;
  readonly text: string;
}

export type ClassifiedAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: Readonly<Record<string, unknown>> }
  /** A refusal with Retry-After, or a request that was not read. */
  | { readonly kind: 'come back'; readonly problem: string }
  /** An answer that no client should get, whatever fails. */
  | { readonly kind: 'invalid'; readonly words: string };

const RETRYABLE = new Set([429, 503]);
/** A process that was suspended while a request arrived finds it late when it resumes. It has not read it: no Retry-After. */
const REQUEST_TIMEOUT = 408;
const PROBLEM = 'application/problem+json';

export function classifyAnswer({ status, retryAfter, contentType, text }: RawAnswer): ClassifiedAnswer {
  const invalid = (why: string): ClassifiedAnswer => ({
    kind: 'invalid',
    words: `${why}: ${String(status)} ${text}`,
  });
  const body = objectOf(text);
  if (!body) return invalid('the body is not a JSON object');
  if (status >= 400 && contentType !== PROBLEM) return invalid(`the content type is not ${PROBLEM}`);
  if (status === REQUEST_TIMEOUT) return { kind: 'come back', problem: String(body['type']) };
  if (RETRYABLE.has(status))
    return retryAfter === null
      ? invalid('no Retry-After')
      : { kind: 'come back', problem: String(body['type']) };
  if (status >= 500) return invalid('server error');
  return { kind: 'answer', status, body };
}

/** Whether the answer promises that the order was not started and never will be. */
export function isNotPlaced(classified: ClassifiedAnswer | undefined): boolean {
  return classified?.kind === 'come back' && classified.problem === '/problems/overloaded';
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
