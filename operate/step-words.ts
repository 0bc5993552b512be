/** The words for what workflow code asks for: the same whether it stands in a history or is asked for anew. */

export const TIMER = 'a timer';
export const END = 'the end';
export const FAILED_END = 'the end, failed';

/** Not told by the workflow code that asks for it: the SDK does not let it be heard. */
export const SEARCH_ATTRIBUTES = 'search attributes';

/** @param taskQueue undefined for a local activity */
export function activityWords(type: string, taskQueue?: string): string {
  return taskQueue === undefined ? type : `${type} (on the task queue ${taskQueue})`;
}

export function childWords(type: string): string {
  return `the start of ${type}`;
}

/** Not told either by the code that asks for it. */
export function patchWords(id: string): string {
  return `the patch ${id}`;
}

/** Whether the code that asks for it is not heard. */
export function isUnheard(words: string): boolean {
  return words === SEARCH_ATTRIBUTES || words.startsWith(patchWords(''));
}
