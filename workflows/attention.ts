/**
 * Says that a step which must succeed has been failing for long, or for good: in the Temporal UI, where the search
 * attribute finds such sagas. The step is asked for all the while; an operator can have it asked for at once, or
 * give it up.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import { patched, upsertSearchAttributes } from '@temporalio/workflow';
import type { ParkedStepReport } from '../domain/contracts';
import { NEEDS_ATTENTION_ATTRIBUTE } from '../domain/names';

/** Sagas from before this was told must replay without: docs/changing-a-saga.md. */
const PATCH = 'needs-attention';

/** A step that must succeed, and does not. */
export interface ParkedStep {
  /** The step in words. */
  readonly words: string;
  readonly reason: string;
  /** When it was asked for first, ISO 8601. */
  readonly since: string;
  /** Those that wait for it. */
  readonly orderIds: readonly string[];
  /** It is asked for at once. */
  retry(): void;
  /** These orders wait for it no longer: their waits end with the error. */
  giveUp(orderIds: readonly string[], givenUp: Error): void;
}

export class Attention {
  readonly #parked = new Map<string, Set<ParkedStep>>();

  get parked(): readonly ParkedStep[] {
    return [...this.#parked.values()].flatMap((steps) => [...steps]);
  }

  /** In words, for the saga's details; empty when nothing needs attention. */
  get words(): string {
    return this.parked
      .map(
        ({ words, orderIds, reason }) =>
          `**Needs attention**: ${words} keeps failing (${String(orderIds.length)} waiting: ${reason}); it is tried again.\n\n`,
      )
      .join('');
  }

  report(): ParkedStepReport[] {
    return this.parked.map(({ words, reason, since, orderIds }) => ({
      step: words,
      reason,
      since,
      orderIds,
    }));
  }

  raise(step: ParkedStep): void {
    const known = this.#parked.get(step.words);
    if (!known && !patched(PATCH)) return;
    this.#parked.set(step.words, (known ?? new Set()).add(step));
    if (!known) this.#show();
  }

  /** @param words of the step */
  clear(words: string): void {
    if (this.#parked.delete(words)) this.#show();
  }

  #show(): void {
    const key = defineSearchAttributeKey(NEEDS_ATTENTION_ATTRIBUTE, 'KEYWORD_LIST');
    upsertSearchAttributes([{ key, value: this.#parked.size === 0 ? null : [...this.#parked.keys()] }]);
  }
}
