/** One thing that can happen next. */
import type { World } from './world';

export interface Action {
  /** With ids; `inWords` makes it readable. */
  readonly words: () => string;
  /** @returns a promise only when the code of a saga must run */
  readonly happen: (world: World) => Promise<void> | undefined;
}
