/** `Prefer: wait=N` of RFC 7240: how long the client wants to wait for the outcome. */

/** 30 s: proxies cut connections that are silent for longer. */
export const MAX_WAIT_S = 30;

const NAME = /^\s*([\w!#$%&'*+.^`|~-]+)/;
const WAIT = /^\s*wait\s*=\s*(?:"(\d+)"|(\d+))\s*(?:;.*)?$/i;

/**
 * @param prefer value of the Prefer header, several headers joined by commas
 * @returns whole seconds, at most {@link MAX_WAIT_S}; 0 without a valid preference. Only the first of several
 *   preferences counts, as the RFC requires.
 */
export function preferredWaitSeconds(prefer: string | undefined): number {
  const preference = (prefer ?? '').split(',').find((each) => NAME.exec(each)?.[1]?.toLowerCase() === 'wait');
  const [, quoted, plain] = WAIT.exec(preference ?? '') ?? [];
  return Math.min(Number(quoted ?? plain ?? 0), MAX_WAIT_S);
}
