/** What the Temporal server has been asked. */
import { eventually } from './http';
import { testServers } from './servers';

/** Polls are open-ended, and describing is what a test does itself. */
const NOT_COUNTED = /^Poll.*TaskQueue$|^Describe|^GetSystemInfo|^RecordWorkerHeartbeat|^ShutdownWorker/;

/** Calls that the Temporal server has answered in our namespace, as it counts them itself. */
async function rpcs(): Promise<Record<string, number>> {
  const { metricsUrl, temporal } = testServers();
  const text = await (await fetch(metricsUrl)).text();
  const counts: Record<string, number> = {};
  const label = `namespace="${temporal.namespace.replaceAll('-', '_')}"`;
  for (const line of requestLines(text)) {
    if (!line.includes('service_name="frontend"') || !line.includes(label)) continue;
    const [, operation = ''] = /operation="([^"]+)"/.exec(line) ?? [];
    if (!NOT_COUNTED.test(operation)) counts[operation] = Number(line.split(' ').at(-1));
  }
  return counts;
}

/** The lines of one metric stand together, in a page of megabytes. */
function requestLines(page: string): string[] {
  const start = page.indexOf('\nservice_requests{') + 1;
  return page.slice(start, page.indexOf('\n#', start)).split('\n');
}

/** The server publishes its counts about once a second: read until two readings a while apart agree. */
export async function settledRpcs(): Promise<Record<string, number>> {
  let last = await rpcs();
  return eventually(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const now = await rpcs();
    const same = JSON.stringify(now) === JSON.stringify(last);
    last = now;
    return same ? now : undefined;
  });
}
