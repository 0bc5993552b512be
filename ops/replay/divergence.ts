/** Finds the first difference between the recorded commands and those of the current code. */
import type { RecordedStep } from './recorded-steps';
import { isUnobserved, MEMO, patchWords, SEARCH_ATTRIBUTES } from './command-descriptions';

export interface Divergence {
  /** The next recorded command. */
  readonly recorded: string;
  /** The command of the current code. */
  readonly now: string;
  /** The last common command; undefined at the beginning. */
  readonly after: string | undefined;
  /** Temporal's error message. */
  readonly detail: string;
}

const NOTHING = 'nothing more';
const NONDETERMINISM = /TMPRL1100|nondeterminism/i;

/** State machines of Temporal's core, by the names in its messages, for commands that no interceptor sees. */
const UNOBSERVED_MACHINES: readonly (readonly [RegExp, string])[] = [
  [/UpsertWorkflowSearchAttributes(Machine| machine| workflow)/i, SEARCH_ATTRIBUTES],
  [/ModifyWorkflowPropertiesMachine/i, MEMO],
];

/** Whether the code issued another command; otherwise it failed before it issued one. */
export function isNondeterminism({ detail }: Pick<Divergence, 'detail'>): boolean {
  return NONDETERMINISM.test(detail);
}

/**
 * Returns the first difference. The orders of a group run concurrently, so commands of one turn may be in another order.
 * Only Temporal's core reports commands that no interceptor sees: patches, search attributes, the memo.
 */
export function divergenceOf(
  recorded: readonly RecordedStep[],
  issued: readonly string[],
  detail: string,
): Divergence {
  const named = /HistoryEvent\(id: (\d+)/.exec(detail)?.[1];
  const unobserved = recorded.find(({ eventId, words }) => eventId === Number(named) && isUnobserved(words));
  const [, unobservedNow] = UNOBSERVED_MACHINES.find(([machine]) => machine.test(detail)) ?? [];
  const observed = recorded.map(({ words }) => words).filter((words) => !isUnobserved(words));
  const beside = walk(observed, issued, true);
  // Both sides have the same commands, and Temporal reports a difference: their order matters.
  const isSwapped =
    isNondeterminism({ detail }) &&
    [unobserved, unobservedNow, beside.left, beside.now].every((each) => each === undefined);
  const { left, now, after } = isSwapped ? walk(observed, issued, false) : beside;
  const failed = isNondeterminism({ detail }) ? undefined : `an error in the workflow code: ${detail}`;
  const patch = /patch marker encountered for change (\S+),/.exec(detail)?.[1];
  if (patch !== undefined)
    return { recorded: patchWords(patch), now: failed ?? 'no such patch', after, detail };
  return {
    recorded: unobserved?.words ?? left ?? NOTHING,
    now: unobservedNow ?? now ?? failed ?? (unobserved ? 'none' : NOTHING),
    after,
    detail,
  };
}

/** @param group whether a command may precede a recorded one that the code issues later */
function walk(recorded: readonly string[], issued: readonly string[], group: boolean) {
  const left = [...recorded];
  let after: string | undefined;
  for (const [index, is] of issued.entries()) {
    const [was] = left;
    const place = left.indexOf(is);
    const beside = group && was !== undefined && place > 0 && issued.includes(was, index + 1);
    if (place !== 0 && !beside) return { left: was, now: is, after };
    left.splice(place, 1);
    after = is;
  }
  return { left: left[0], now: undefined, after };
}
