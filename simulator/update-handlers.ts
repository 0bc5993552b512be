/** The updates that a saga's code handles. */
import { Divergence } from './history';
import type { UpdateHandler } from './workflow-host';

export class UpdateHandlers {
  readonly #handlers = new Map<string, UpdateHandler>();

  set(name: string, handler: UpdateHandler): void {
    this.#handlers.set(name, handler);
  }

  /** @throws Divergence when the code does not handle it */
  of(name: string): UpdateHandler {
    const handler = this.#handlers.get(name);
    if (!handler) throw new Divergence(`the saga has no handler for ${name}`);
    return handler;
  }

  /** @returns the refusal, as the update's validator would have it; undefined when it accepts */
  refusal(name: string, argument: unknown): unknown {
    try {
      this.of(name).validate(argument);
      return undefined;
    } catch (refused) {
      return refused;
    }
  }
}
