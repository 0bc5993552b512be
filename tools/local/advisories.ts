/**
 * `npm run advisories`: known vulnerabilities of the packages of the product. Exit code 0: none; 1: some; 2: the registry
 * gave no answer, so nothing is decided.
 */
import { z } from 'zod';
import { options, runCommand } from '../../platform/command';
import { npm } from './npm';

/** 30 s, once: a registry answers in a second, and one without advisories answers 404. */
const PATIENCE = ['--fetch-timeout=30000', '--fetch-retries=0'];

const reportSchema = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({ severity: z.string(), range: z.string(), via: z.array(z.unknown()) }),
  ),
});
const advisorySchema = z.object({ title: z.string(), url: z.string() });

runCommand({
  usage: `npm run advisories   known vulnerabilities of the packages of the product, from npm's registry`,
  read: options({}),
  failure: { code: 2, words: 'nothing is decided: the registry gave no advisories' },
  run: async () => {
    const { stdout, stderr } = await npm('audit', '--omit=dev', '--json', ...PATIENCE);
    const report = reportSchema.safeParse(jsonOf(stdout));
    if (!report.success) throw new Error(reasonOf(stdout, stderr));
    const found = Object.entries(report.data.vulnerabilities);
    for (const [name, { severity, range, via }] of found) {
      const words = via.flatMap((each) => advisorySchema.safeParse(each).data ?? []);
      console.log(
        [`${severity}: ${name} ${range}`, ...words.map(({ title, url }) => `  ${title}: ${url}`)].join('\n'),
      );
    }
    console.log(`${String(found.length)} packages with known vulnerabilities`);
    return found.length === 0 ? 0 : 1;
  },
});

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** npm reports a failure as `message`, or as `error` with a summary. */
function reasonOf(stdout: string, stderr: string): string {
  const failure = z
    .object({ message: z.string().optional(), error: z.object({ summary: z.string() }).partial().optional() })
    .safeParse(jsonOf(stdout));
  return failure.data?.message ?? failure.data?.error?.summary ?? stderr.trim();
}
