/** Whether the table given_up_steps has what operators have decided. */
import type { GivenUp } from './observed';
import type { World } from './world';

/** When nothing is under way any more: one row for each order of which an operator has given up a step that was parked. */
export function wrongGivenUpSteps({ orders, observations: { decisions, perhapsLost } }: World): string[] {
  // The step that records a decision can itself be given up: then only the history of the saga shows it.
  if ([...decisions, ...perhapsLost].some(({ step }) => step === RECORDING)) return [];
  const perhaps = new Set(perhapsLost.map(inWords));
  const rows = orders.givenUp.table.all().map(inWords);
  const decided = decisions.map(inWords);
  const certain = (all: string[]) => all.filter((words) => !perhaps.has(words)).sort();
  return certain(rows).join() === certain(decided).join()
    ? []
    : [`given up: [${decided.join('; ')}], recorded: [${rows.join('; ')}]`];
}

const RECORDING = 'record that it was given up';

function inWords({ sagaId, orderId, step, by, reason }: GivenUp): string {
  return `${step} of ${orderId} in ${sagaId} by ${by}: ${reason}`;
}
