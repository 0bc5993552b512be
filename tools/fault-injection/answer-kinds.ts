/** What an answer of the API is to its caller. */

export interface RawAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly contentType: string | null;
  readonly text: string;
}

export type ClassifiedAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: Readonly<Record<string, unknown>> }
  /** A refusal that says when to come back. */
  | { readonly kind: 'come back'; readonly problem: string }
  /** Nobody should get it, whatever is broken. */
  | { readonly kind: 'strange'; readonly words: string };

const COME_BACK = new Set([429, 503]);
const PROBLEM = 'application/problem+json';

export function classifyAnswer({ status, retryAfter, contentType, text }: RawAnswer): ClassifiedAnswer {
  const strange = (why: string): ClassifiedAnswer => ({
    kind: 'strange',
    words: `${why}: ${String(status)} ${text}`,
  });
  const body = objectOf(text);
  if (!body) return strange('no JSON object');
  if (status >= 400 && contentType !== PROBLEM) return strange(`no ${PROBLEM}`);
  if (COME_BACK.has(status))
    return retryAfter === null
      ? strange('no Retry-After')
      : { kind: 'come back', problem: String(body['type']) };
  if (status >= 500) return strange('an error of the server');
  return { kind: 'answer', status, body };
}

/** Whether it promises that nothing was begun for an order, and that nothing will be. */
export function saysNotPlaced(classified: ClassifiedAnswer | undefined): boolean {
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
