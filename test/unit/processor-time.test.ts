/** The processor time of a server, which the bench reports. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { processorSeconds, serverSeconds } from '../../tools/bench/processor-time';
import { until } from '../../tools/local/until';

const EVERY = { everyMs: 20, withinMs: 20_000 };

test("a server's processor time is also that of its children, before and after they have ended", async () => {
  const script = '"$1" -e "for (;;);" & echo $!; wait; read -r _';
  const server = spawn('sh', ['-c', script, 'sh', process.execPath], { stdio: ['pipe', 'pipe', 'inherit'] });
  const pid = Number(server.pid);
  const [printed] = (await once(server.stdout, 'data')) as [Buffer];
  const child = Number(printed.toString());
  try {
    expect(await until(() => serverSeconds(pid) >= 0.2, EVERY)).toBe(true);
    expect(processorSeconds(pid)).toBeLessThan(0.2);
  } finally {
    process.kill(child, 'SIGKILL');
  }
  expect(await until(() => (processorSeconds(pid) ?? 0) >= 0.2, EVERY)).toBe(true);
  server.stdin.end();
  await once(server, 'exit');
  expect(processorSeconds(pid)).toBeUndefined();
});
