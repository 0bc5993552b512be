/** The words for what workflow code asks for: the same whether it stands in a history or is asked for anew. */

export const TIMER = 'a timer';
export const END = 'the end';
export const FAILED_END = 'the end, failed';

/** @param taskQueue undefined for a local activity */
export function activityWords(type: string, taskQueue?: string): string {
  return taskQueue === undefined ? type : `${type} (on the task queue ${taskQueue})`;
}
