/** `Prefer: wait=N` of RFC 7240: how long the caller wants to wait for the outcome. */

/** 30 s: proxies cut connections that are silent for longer. */
export const LONGEST_WAIT_S = 30;

const NAME = /^\s*([\w!#$%&'*+.^`|~-]+)/;
const WAIT = /^\s*wait\s*=\s*(?:"(\d+)"|(\d+))\s*(?:;.*)?$/i;

/**
 * @param prefer value of the Prefer header, several headers joined by commas
 * @returns whole seconds, at most {@link LONGEST_WAIT_S}; 0 when it did not ask. Of several only the first
 *   counts, and one that cannot be understood is ignored, both as the RFC says.
 */
export function preferredWaitSeconds(prefer: string | undefined): number {
  const asked = (prefer ?? '')
    .split(',')
    .find((preference) => NAME.exec(preference)?.[1]?.toLowerCase() === 'wait');
  const [, quoted, plain] = WAIT.exec(asked ?? '') ?? [];
  return Math.min(Number(quoted ?? plain ?? 0), LONGEST_WAIT_S);
}
