/** One thing that can happen next. */
import type { World } from './world';

export interface Action {
  /** With ids; for people by `inWords`. */
  readonly words: () => string;
  /** @returns a promise only when a saga's code has to go on */
  readonly happen: (world: World) => Promise<void> | undefined;
}
