/** The source of a simulation's decisions: an enumeration, or random bytes. */

export interface Choices {
  /**
   * @param usual number of actions that are not faults, at least 1
   * @param unusual how many faults can happen; they come after the usual ones
   * @returns which of them happens, from 0
   */
  pick(usual: number, unusual: number): number;
}

/** Takes the decisions that are given, and from then on the first of each. */
export class GivenChoices implements Choices {
  readonly taken: number[] = [];
  /** Of how many each was taken. */
  readonly of: number[] = [];

  constructor(private readonly given: readonly number[] = []) {}

  pick(usual: number, unusual: number): number {
    const count = usual + unusual;
    const wanted = this.given[this.taken.length] ?? 0;
    const taken = wanted < count ? wanted : 0;
    this.taken.push(taken);
    this.of.push(count);
    return taken;
  }

  /** The decisions that follow these in an enumeration: one of those that were not given taken otherwise. */
  *others(): Generator<readonly number[]> {
    for (let index = this.given.length; index < this.taken.length; index += 1)
      for (let other = 1; other < (this.of[index] ?? 0); other += 1)
        yield [...this.taken.slice(0, index), other];
  }
}

/** Bytes below this are a usual step: about three of four, so that faults are spread over the whole interleaving. */
const USUAL_BELOW = 192;

/** Reads its decisions from bytes; 0, and whatever is beyond their end, is the first usual thing. */
export class DrawnChoices implements Choices {
  #next = 0;

  constructor(private readonly bytes: ArrayLike<number>) {}

  pick(usual: number, unusual: number): number {
    const byte = this.bytes[this.#next] ?? 0;
    this.#next += 1;
    if (byte < USUAL_BELOW || unusual === 0) return byte % usual;
    return usual + ((byte - USUAL_BELOW) % unusual);
  }
}
