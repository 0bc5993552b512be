/** Descriptions of workflow commands, equal for recorded commands and for those of the current code. */

export const TIMER = 'a timer';
export const END = 'the end';
export const FAILED_END = 'the end, failed';
export const CANCELLED_END = 'the end, cancelled';
export const CONTINUED_END = 'the end, continued';

/** The SDK shows no interceptor when workflow code sets these. */
export const SEARCH_ATTRIBUTES = 'search attributes';
export const MEMO = 'the memo';

/** @param taskQueue undefined for a local activity */
export function activityWords(type: string, taskQueue?: string): string {
  return taskQueue === undefined ? type : `${type} (on the task queue ${taskQueue})`;
}

export function childWords(type: string): string {
  return `the start of ${type}`;
}

/** No interceptor sees these either. */
export function patchWords(id: string): string {
  return `the patch ${id}`;
}

/** Whether no interceptor sees the command. */
export function isUnobserved(words: string): boolean {
  return words === SEARCH_ATTRIBUTES || words === MEMO || words.startsWith(patchWords(''));
}
