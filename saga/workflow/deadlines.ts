import type { Ask } from './ask';
import { now } from './clock';
import type { EventCount } from './event-count';
import type { StepAnswer } from './step';

/**
 * Ends the waits of a step at their deadlines, with one timer for each distinct deadline. A timer decides that a deadline
 * has passed, not the clock, which may differ on a replay.
 *
 * @param words the step in words, for the timer's summary
 */
export function watchDeadlines<Item extends object, Answer extends StepAnswer>(
  asks: readonly Ask<Item, Answer>[],
  history: EventCount,
  words: string,
): void {
  for (const at of new Set(asks.flatMap(({ deadline }) => deadline?.at ?? []))) {
    void history.sleep(Math.max(at - now(), 1), `until the deadline: ${words}`).then(() => {
      for (const ask of asks) if (ask.deadline?.at === at) ask.answer({ outcome: 'timed-out' });
    });
  }
}
