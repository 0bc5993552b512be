/** Readers of the API in a process of their own, until it is stopped. Reads a ReaderTask as JSON from the command line. */
import { Agent, request } from 'node:http';
import { z } from 'zod';

const taskSchema = z.object({
  /** Base URL of the API. */
  url: z.string(),
  kind: z.enum(['streams', 'polls', 'lists']),
  /** Concurrent readers. */
  readers: z.number().int(),
});

export type ReaderTask = z.input<typeof taskSchema>;

const pageSchema = z.object({ nextCursor: z.string().nullable() });

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** @returns the body of a 200; undefined when the process refused the request */
function read(url: string, headers: Readonly<Record<string, string>>): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else if (response.statusCode === 503 || response.statusCode === 429) resolve(undefined);
        else reject(new Error(`GET ${url} returned ${String(response.statusCode)}: ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Resolves with the first byte; the stream goes on. */
function stream(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { Accept: 'text/event-stream' };
    const sent = request(`${url}/events?after=${cursor}`, { agent, headers }, (response) => {
      response.once('data', resolve).resume();
      response.once('end', () => {
        reject(new Error('a stream ended'));
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

let cursor = '';

async function pollFrom(url: string): Promise<never> {
  for (let after = cursor; ;) {
    // A burst of connections may exceed what the operating system queues.
    const page = await read(`${url}/events?after=${after}`, { Prefer: 'wait=30' }).catch(() => undefined);
    // Readers must not take the processors from what is measured: no parsing of whole pages.
    if (page !== undefined) after = /"nextCursor":"([^"]+)"/.exec(page)?.[1] ?? after;
  }
}

async function walkLists(url: string): Promise<never> {
  for (let after = ''; ;) {
    const page = await read(`${url}/orders?state=APPROVED${after}`, {});
    if (page === undefined) continue;
    const { nextCursor } = pageSchema.parse(JSON.parse(page));
    after = nextCursor === null ? '' : `&cursor=${nextCursor}`;
  }
}

/** @returns a cursor at the end of the feed */
async function endOfFeed(url: string): Promise<string> {
  for (let after = ''; ;) {
    const page = (await read(`${url}/events?limit=500${after === '' ? '' : `&after=${after}`}`, {})) ?? '{}';
    const { nextCursor, items } = pageSchema.extend({ items: z.array(z.unknown()) }).parse(JSON.parse(page));
    after = nextCursor ?? after;
    if (items.length === 0) return after;
  }
}

async function main({ url, kind, readers }: z.infer<typeof taskSchema>): Promise<void> {
  cursor = await endOfFeed(url);
  const all = Array.from({ length: readers });
  if (kind === 'streams') await Promise.all(all.map(() => stream(url)));
  console.log('reading');
  if (kind === 'polls') await Promise.all(all.map(() => pollFrom(url)));
  if (kind === 'lists') await Promise.all(all.map(() => walkLists(url)));
}

main(taskSchema.parse(JSON.parse(process.argv[2] ?? ''))).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
