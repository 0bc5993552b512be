/**
 * A client at full speed, in a process of its own, until it is stopped: each caller sends its next order when the last one is
 * answered, and heeds no Retry-After. Reads a BusyTask as JSON from the command line, prints `busy`, then its answers by status.
 */
import { Agent, request } from 'node:http';
import { z } from 'zod';

const taskSchema = z.object({
  /** Base URL of the API. */
  url: z.string(),
  callers: z.number().int(),
  customerId: z.string(),
  token: z.string(),
});

export type BusyTask = z.input<typeof taskSchema>;

const answers = new Map<number, number>();

function send(
  { url, customerId, token }: z.infer<typeof taskSchema>,
  agent: Agent,
): Promise<number | undefined> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Prefer: 'wait=30' };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/orders`, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode);
      });
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ customerId, orderTotal: { amount: '1.00', currency: 'USD' } }));
  });
}

async function main(task: z.infer<typeof taskSchema>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: task.callers });
  process.once('SIGTERM', () => {
    console.log(JSON.stringify(Object.fromEntries(answers)));
    process.exit();
  });
  const caller = async (): Promise<never> => {
    for (;;) {
      const status = (await send(task, agent)) ?? 0;
      if (answers.size === 0) console.log('busy');
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: task.callers }, caller));
}

main(taskSchema.parse(JSON.parse(process.argv[2] ?? ''))).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
