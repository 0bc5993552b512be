/** Edits of source text, to plant a bug or to change a limit. */

export interface Edit {
  /** Has to be in the text once. */
  readonly from: string;
  readonly to: string;
}

/**
 * @param what the text is, for the error
 * @throws Error when the product changed and an edit no longer applies
 */
export function edited(text: string, edits: readonly Edit[], what: string): string {
  let changed = text;
  for (const { from, to } of edits) {
    const found = changed.split(from).length - 1;
    if (found !== 1)
      throw new Error(
        `${what} contains the text to edit ${String(found)} times instead of once; update the edit: ${from}`,
      );
    changed = changed.replace(from, () => to);
  }
  return changed;
}
