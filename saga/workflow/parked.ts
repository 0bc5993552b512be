/**
 * Parked steps: steps that must succeed and keep failing. The memo and a search attribute show them, so they are found
 * without a worker. Operators retry or give them up by signal, not by update: a saga runs local activities beside timers,
 * and updates that arrived then have left histories that do not replay.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import { defineSignal, setHandler, upsertMemo, upsertSearchAttributes, uuid4 } from '@temporalio/workflow';
import {
  GIVE_UP_STEP,
  type GiveUpStepRequest,
  NEEDS_ATTENTION_ATTRIBUTE,
  PARKED_MEMO,
  type ParkedStep,
  RETRY_STEP,
  type RetryStepRequest,
} from '../contract';
import { timestamp } from './clock';
import type { EventCount } from './event-count';
import { GivenUp } from './failures';
import { uncancelled } from './uncancelled';

const retryStep = defineSignal<[Partial<RetryStepRequest> | undefined]>(RETRY_STEP);
const giveUpStep = defineSignal<[Partial<GiveUpStepRequest> | undefined]>(GIVE_UP_STEP);

/** A step queue, or the failed compensations. */
export interface Parkable {
  readonly parked: ParkedStep | undefined;
  retry(): void;
  giveUp(isMeant: (subject: string) => boolean, decide: (words: string) => GivenUp): void;
}

export class ParkedSteps {
  #shown: readonly ParkedStep[];

  /**
   * @param history counts the events of changes and signals
   * @param all returns everything of the saga that may be parked
   * @param carried parked steps that the run before has shown
   */
  constructor(
    private readonly history: EventCount,
    private readonly all: () => readonly Parkable[],
    carried: readonly ParkedStep[] = [],
  ) {
    this.#shown = carried;
  }

  get shown(): readonly ParkedStep[] {
    return this.#shown;
  }

  /** Markdown for the saga's details; empty when nothing is parked. */
  get words(): string {
    return this.#shown
      .map(
        ({ step, reason, subjects }) =>
          `**Needs attention**: ${step} keeps failing (${String(subjects.length)} waiting: ${reason}); it is retried.\n\n`,
      )
      .join('');
  }

  /**
   * Updates memo and search attribute when the parked steps or their subjects have changed. A change costs an event, so a
   * new reason alone is not shown.
   *
   * @returns whether anything has changed
   */
  show(): boolean {
    const parked = this.all().flatMap((each) => each.parked ?? []);
    if (sameSteps(parked, this.#shown)) return false;
    const names = namesOf(parked);
    if (names.join() !== namesOf(this.#shown).join()) {
      const key = defineSearchAttributeKey(NEEDS_ATTENTION_ATTRIBUTE, 'KEYWORD_LIST');
      this.history.command();
      upsertSearchAttributes([{ key, value: names.length === 0 ? null : names }]);
    }
    this.history.command();
    upsertMemo({ [PARKED_MEMO]: parked.length === 0 ? null : parked });
    this.#shown = parked;
    return true;
  }

  /**
   * Handles the operators' signals. Senders check them first; a signal without the required fields is ignored.
   *
   * @param handled called after each signal
   */
  handleSignals(handled: () => void): void {
    setHandler(retryStep, (request) => {
      this.history.message();
      uncancelled(() => {
        for (const each of this.all()) if (isMeant(each, request?.subject)) each.retry();
        handled();
      });
    });
    setHandler(giveUpStep, (request) => {
      this.history.message();
      uncancelled(() => {
        this.#giveUp(request ?? {});
        handled();
      });
    });
  }

  #giveUp({ by, reason, subject }: Partial<GiveUpStepRequest>): void {
    if (!by || !reason) return;
    const decide = (step: string) => new GivenUp({ id: uuid4(), step, by, reason, at: timestamp() });
    for (const each of this.all()) each.giveUp((id) => subject === undefined || id === subject, decide);
  }
}

function isMeant({ parked }: Parkable, subject: string | undefined): boolean {
  return subject === undefined || parked === undefined || parked.subjects.includes(subject);
}

function namesOf(parked: readonly ParkedStep[]): string[] {
  return [...new Set(parked.map(({ step }) => step))];
}

function sameSteps(some: readonly ParkedStep[], others: readonly ParkedStep[]): boolean {
  const words = (parked: readonly ParkedStep[]) =>
    parked.map(({ step, subjects }) => [step, ...subjects].join()).join(';');
  return words(some) === words(others);
}
