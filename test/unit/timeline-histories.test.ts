/** The way of an order through its saga, from every recorded history, and from every beginning of it. */
import { expect, test } from '@jest/globals';
import { historyEntries } from '../../api/operators/history-entries';
import type { PathStep } from '../../api/operators/order-walk';
import { factsOf, ordersOf, pathOfRecorded, recordedEvents, recordedNames } from '../support/recorded-sagas';

/** Of a group: the others go the same ways. */
const ORDERS = 6;

const isDone = ({ state }: PathStep) => state === 'answered' || state === 'passed';
const wordsOf = (path: readonly PathStep[]) => path.map(({ words }) => words);

test.each(recordedNames())('%s: each beginning of the history names the step that comes', async (name) => {
  const events = recordedEvents(name);
  const whole = await factsOf(events);
  for (const orderId of ordersOf(whole).slice(0, ORDERS)) {
    const path = await pathOfRecorded(events, whole, orderId);
    if (whole.at(-1)?.kind === 'ended') expect(path.every(isDone)).toBe(true);
    for (const [index, event] of events.entries()) {
      if (!event.workflowTaskScheduledEventAttributes) continue;
      const begun = events.slice(0, index);
      const before = await pathOfRecorded(events, await factsOf(begun), orderId);
      const known = before.filter(({ state }) => state !== 'expected');
      expect(wordsOf(known)).toEqual(wordsOf(path).slice(0, known.length));
    }
  }
});

test.each(recordedNames())('%s: every answer of every order is an entry, and once', async (name) => {
  const events = recordedEvents(name);
  const facts = await factsOf(events);
  const all = ordersOf(facts);
  for (const orderId of all.slice(0, ORDERS)) {
    const path = await pathOfRecorded(events, facts, orderId);
    const entries = historyEntries({ sagaId: name, orderId, place: 0, facts, path });
    const answers = facts.flatMap((fact) =>
      fact.kind === 'attempt' ? (fact.answers?.filter((answer) => answer.orderId === orderId) ?? []) : [],
    );
    const shown = entries.flatMap(({ entry }) =>
      entry.kind === 'step-attempted' ? (entry.outcome ?? []) : [],
    );
    expect(shown).toEqual(answers.map(({ outcome }) => outcome));
    const attempts = facts.filter(({ kind }) => kind === 'attempt');
    if (all.length === 1)
      expect(entries.filter(({ entry }) => entry.kind === 'step-attempted')).toHaveLength(attempts.length);
  }
});
