/**
 * Plants each bug in a copy of the product, runs the fault suite on the copy, and reports whether it finds
 * the bug.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../platform/project-paths';
import { migrationsPath, type ServiceName } from '../../prisma/schema-engine';
import { faultRun, type FaultRun, type RunOptions } from './fault-run';
import { tooManyEvents } from './hangs';
import { evaluate, INCONCLUSIVE } from './pass-criteria';
import { type Edit, edited } from '../local/text-edits';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs';
import type { Random } from './random';

type RunLength = Pick<RunOptions, 'minutes' | 'withinMs'>;

/**
 * @param only words of the bugs to plant; all when there are none
 * @returns whether each was found
 */
export async function plantAll(length: RunLength, random: Random, only: readonly string[]): Promise<boolean> {
  const bugs = PLANTED_BUGS.filter(
    ({ words }) => only.length === 0 || only.some((each) => words.includes(each)),
  );
  if (bugs.length === 0)
    throw new Error(
      `no planted bug matches: ${only.join(', ')}. tools/fault-injection/planted-bugs.ts lists the bugs`,
    );
  const rows: string[] = [];
  let missed = 0;
  for (const bug of bugs) {
    console.log(`planted: ${bug.words}`);
    const run = await runWith(bug, length, random);
    const { code, words } = evaluate(run);
    const { finalChecks, hangs } = run;
    const seen = [
      ...finalChecks.report.violations.map((each) => each.words),
      ...finalChecks.broken,
      ...hangs.notAccepted,
      ...tooManyEvents(hangs),
    ];
    // A late recovery alone does not count: the machine may be slow.
    const found = code === 1 && seen.length > 0;
    if (!found) missed += 1;
    const row = [
      bug.words,
      found ? 'found' : 'NOT FOUND',
      String(run.acknowledged),
      String(run.landed.hit),
      [...kinds(seen), ...words.filter((each) => !each.startsWith(INCONCLUSIVE))].join('; '),
    ];
    rows.push(`| ${row.join(' | ')} |`);
    console.log(rows.at(-1));
  }
  console.log(
    ['| planted bug | | orders | faults | what was seen |', '| --- | --- | --: | --: | --- |', ...rows].join(
      '\n',
    ),
  );
  return missed === 0;
}

/** Groups equal findings about different orders, with a count. */
function kinds(words: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const each of words) {
    const kind = each.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, 'N');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, times]) => `${String(times)} × ${kind}`);
}

async function runWith(bug: PlantedBug, length: RunLength, random: Random): Promise<FaultRun> {
  const copy = buildWith(bug);
  try {
    const planted: Partial<Record<ServiceName, string>> = bug.sql ? { customer: functionWith(bug.sql) } : {};
    return await faultRun(
      {
        ...length,
        ...(bug.whileOneThingHangs && { minutes: 0 }),
        placement: 'distributed',
        orders: 0,
        kills: 0,
        longerMs: 0,
        long: false,
        build: copy.build,
        planted,
      },
      random,
    );
  } finally {
    copy.remove();
  }
}

/** A copy of the build with the bug in it. It has to be called `dist`, and to lie below the project, whose packages it uses. */
function buildWith(bug: PlantedBug): { readonly build: string; remove(): void } {
  const dist = path.join(ROOT, 'dist');
  const folder = mkdtempSync(path.join(dist, 'copy-'));
  const build = path.join(folder, 'dist');
  for (const name of readdirSync(dist))
    // Skips copies that other runs have made.
    if (!/^(version|copy)-|^mutants$/.test(name))
      cpSync(path.join(dist, name), path.join(build, name), { recursive: true });
  for (const [file, text] of changedFiles(bug)) writeFileSync(path.join(build, file), text);
  return {
    build,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * @returns text by path below `dist`
 * @throws Error when the product changed and an edit no longer applies
 */
export function changedFiles({ code = {} }: PlantedBug): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(code).map(([file, edits]) => [
      file,
      edited(readFileSync(path.join(ROOT, 'dist', file), 'utf8'), edits, `dist/${file}`),
    ]),
  );
}

/** @returns SQL that puts the changed function in the place of the migrations' own */
export function functionWith({
  name,
  edits,
}: {
  readonly name: string;
  readonly edits: readonly Edit[];
}): string {
  const folder = migrationsPath('customer');
  const definition = new RegExp(`CREATE (?:OR REPLACE )?FUNCTION ${name}\\([\\s\\S]*?\\nEND \\$\\$;`, 'g');
  const all = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .flatMap(
      (each) => readFileSync(path.join(folder, each, 'migration.sql'), 'utf8').match(definition) ?? [],
    );
  const last = all.at(-1);
  if (last === undefined)
    throw new Error(
      `the migrations of the customer database define no function ${name}: update tools/fault-injection/planted-bugs.ts`,
    );
  return edited(last, edits, `the function ${name}`).replace(/^CREATE (OR REPLACE )?/, 'CREATE OR REPLACE ');
}
