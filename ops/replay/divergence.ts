/** Where what was recorded and what the code asks for now part. */
import type { RecordedStep } from './recorded-steps';
import { isUnheard, MEMO, patchWords, SEARCH_ATTRIBUTES } from './command-descriptions';

export interface Divergence {
  /** What the history has next. */
  readonly recorded: string;
  /** What the code asks for instead. */
  readonly now: string;
  /** The last that both agree on; undefined at the beginning. */
  readonly after: string | undefined;
  /** In the words of Temporal. */
  readonly detail: string;
}

const NOTHING = 'nothing more';
const NONDETERMINISM = /TMPRL1100|nondeterminism/i;

/** The engine's state machines of commands that no interceptor sees, as its messages name them. */
const UNHEARD_MACHINES: readonly (readonly [RegExp, string])[] = [
  [/UpsertWorkflowSearchAttributes(Machine| machine| workflow)/i, SEARCH_ATTRIBUTES],
  [/ModifyWorkflowPropertiesMachine/i, MEMO],
];

/** Whether the code asked for something else; it failed, otherwise, before it could. */
export function isNondeterminism({ detail }: Pick<Divergence, 'detail'>): boolean {
  return NONDETERMINISM.test(detail);
}

/**
 * The first place at which the two part. Orders of a group go on beside each other, so what was asked for
 * together may stand in another order. What no interceptor sees (patches, search attributes, the memo) only the
 * engine reports.
 */
export function divergenceOf(
  recorded: readonly RecordedStep[],
  asked: readonly string[],
  detail: string,
): Divergence {
  const named = /HistoryEvent\(id: (\d+)/.exec(detail)?.[1];
  const unheard = recorded.find(({ eventId, words }) => eventId === Number(named) && isUnheard(words));
  const [, unheardNow] = UNHEARD_MACHINES.find(([machine]) => machine.test(detail)) ?? [];
  const heard = recorded.map(({ words }) => words).filter((words) => !isUnheard(words));
  const beside = walk(heard, asked, true);
  // What was heard is on both sides, and the engine says that it differs: it was not asked for together.
  const isSwapped =
    isNondeterminism({ detail }) &&
    [unheard, unheardNow, beside.left, beside.now].every((each) => each === undefined);
  const { left, now, after } = isSwapped ? walk(heard, asked, false) : beside;
  const failed = isNondeterminism({ detail }) ? undefined : `an error in the workflow code: ${detail}`;
  const patch = /patch marker encountered for change (\S+),/.exec(detail)?.[1];
  if (patch !== undefined)
    return { recorded: patchWords(patch), now: failed ?? 'no such patch', after, detail };
  return {
    recorded: unheard?.words ?? left ?? NOTHING,
    now: unheardNow ?? now ?? failed ?? (unheard ? 'none' : NOTHING),
    after,
    detail,
  };
}

/** @param group whether a step may stand in the place of another that is asked for later */
function walk(recorded: readonly string[], asked: readonly string[], group: boolean) {
  const left = [...recorded];
  let after: string | undefined;
  for (const [index, is] of asked.entries()) {
    const [was] = left;
    const place = left.indexOf(is);
    const beside = group && was !== undefined && place > 0 && asked.includes(was, index + 1);
    if (place !== 0 && !beside) return { left: was, now: is, after };
    left.splice(place, 1);
    after = is;
  }
  return { left: left[0], now: undefined, after };
}
