/** Replays the history of one run in a new worker. */
import { Divergence } from './activation';
import type { Execution } from './execution';
import type { History } from './history';

/**
 * Delivers results together with their activation when the code had already issued their commands, as the SDK does.
 *
 * @returns how many commands are recorded
 * @throws Divergence when the code does not follow the history
 */
export async function replayed(history: History, execution: Execution): Promise<number> {
  for (const { activation, results, commands } of history.chunks()) {
    const before = execution.issued.length;
    const left = [...results];
    let { at, jobs } = activation;
    for (;;) {
      const asked = left.findIndex(({ job }) => !execution.waitsFor(job.seq));
      const known = left.splice(0, asked < 0 ? left.length : asked);
      if (jobs.length + known.length === 0) break;
      for (const result of known) at = Math.max(at, result.at);
      await execution.give({ ...activation, at, jobs: [...jobs, ...known.map(({ job }) => job)] });
      jobs = [];
    }
    const [lost] = left;
    if (lost) throw new Divergence(`recorded: ${lost.job.name}; now: something else`);
    const now = execution.issued.slice(before);
    const isOpen = history.isOpen(activation.historyLength);
    if (!isOpen && now.join() !== commands.join())
      throw new Divergence(`recorded: ${commands.join(', ')}; now: ${now.join(', ')}`);
    if (isOpen) return before;
  }
  return execution.issued.length;
}
