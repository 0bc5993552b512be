/** The words for what workflow code asks for: the same whether it stands in a history or is asked for anew. */

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

/** Whether no interceptor sees it when workflow code asks for it. */
export function isUnheard(words: string): boolean {
  return words === SEARCH_ATTRIBUTES || words === MEMO || words.startsWith(patchWords(''));
}
