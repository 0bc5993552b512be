/** Remembers which tokens are valid: verifying a signature takes a process longer than the rest of a small request. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Principal } from './principal';

/** 60 s: a small part of the ten minutes between two reads of the keys. */
export const REMEMBERED_MS = 60_000;

/** 10,000 tokens, about 5 MB. With more clients a minute, the token that was used least recently is verified again. */
const REMEMBERED_MAX = 10_000;

export interface VerifiedToken {
  readonly principal: Principal;
  /** The token's `exp`, seconds since 1970. */
  readonly expiresAtS: number;
}

export class VerifiedTokens {
  // Of the same clock as `exp`.
  readonly #principals = new LRUCache<string, Principal>({
    max: REMEMBERED_MAX,
    ttl: REMEMBERED_MS,
    perf: Date,
  });

  /** @param verify rejects for a token that is not valid; such tokens are verified each time */
  constructor(private readonly verify: (token: string) => Promise<VerifiedToken>) {}

  /** @returns the principal of a token: verified at most {@link REMEMBERED_MS} ago, and not expired since */
  async principalOf(token: string): Promise<Principal> {
    // Not the token itself: a dump of the memory should not contain valid tokens longer than a request.
    const key = createHash('sha256').update(token).digest('base64');
    const remembered = this.#principals.get(key);
    if (remembered) return remembered;
    const { principal, expiresAtS } = await this.verify(token);
    const validMs = Math.floor(expiresAtS * 1_000 - Date.now());
    // 0 would mean forever. A token within the clock skew after its expiry is verified each time.
    if (validMs >= 1) this.#principals.set(key, principal, { ttl: Math.min(REMEMBERED_MS, validMs) });
    return principal;
  }

  /** Call when other keys are valid. */
  forget(): void {
    this.#principals.clear();
  }
}
