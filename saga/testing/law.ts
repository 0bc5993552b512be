/** The types of the laws, and what they share. */
import { expect } from '@jest/globals';
import type { SagaRan, SagaRuns } from './saga-runs';
import type { AnyPath, AnySaga, Moment, Traces } from './saga-under-test';

interface Suite<Subject, Settings> {
  readonly saga: AnySaga<Subject, Settings>;
  readonly runs: SagaRuns<Subject, Settings>;
}

/** A property of every saga. */
export interface Law {
  /** Title of the test. */
  readonly words: string;
  readonly holds: <Subject, Settings>(suite: Suite<Subject, Settings>) => Promise<void>;
}

/** One path of a saga, and what runs it. */
export interface Case<Subject, Settings> extends Suite<Subject, Settings> {
  readonly path: AnyPath<Subject, Settings>;
}

/** A property of every path of a saga. */
export interface LawOfPaths {
  readonly words: string;
  /** Whether one path with a failure and one without are enough. */
  readonly oneOfEachKind?: true;
  /** Whether the law applies to this path; to all paths when absent. */
  readonly concerns?: <Subject, Settings>(concerned: Omit<Case<Subject, Settings>, 'runs'>) => boolean;
  readonly holds: <Subject, Settings>(concerned: Case<Subject, Settings>) => Promise<void>;
}

/** @returns the law for all paths together; a failure names its path */
export function onEachPath(law: LawOfPaths): Law {
  return {
    words: law.words,
    holds: async ({ saga, runs }) => {
      const broken = await Promise.all(
        concernedPaths(law, saga).map(([name, path]) =>
          law.holds({ saga, path, runs }).then(
            () => [],
            (error: unknown) => [`${name}: ${error instanceof Error ? error.message : String(error)}`],
          ),
        ),
      );
      expect(broken.flat().join('\n\n')).toBe('');
    },
  };
}

function concernedPaths<Subject, Settings>(
  { concerns, oneOfEachKind }: LawOfPaths,
  saga: AnySaga<Subject, Settings>,
): [string, AnyPath<Subject, Settings>][] {
  const paths = Object.entries(saga.paths).filter(([, path]) => concerns?.({ saga, path }) !== false);
  if (!oneOfEachKind) return paths;
  const [failing, others] = [paths.filter(([, { fails }]) => fails), paths.filter(([, { fails }]) => !fails)];
  return [...others.slice(0, 1), ...failing.slice(0, 1)];
}

/** The steps that do not fail on the path, each once: a law can make them fail. */
export function steadySteps<Subject, Settings>({ steps, fails }: AnyPath<Subject, Settings>): string[] {
  return [...new Set(steps)].filter((step) => step !== fails?.step);
}

/** The steady steps without a deadline. */
export function stepsThatMustSucceed<Subject, Settings>({
  saga: { mayFail },
  path,
}: Omit<Case<Subject, Settings>, 'runs'>): string[] {
  return steadySteps(path).filter((step) => !mayFail.includes(step));
}

/** Whether the path ends without an operator. After a decision to give up, another run of the saga continues. */
export function endsByItself<Subject, Settings>({ path }: Omit<Case<Subject, Settings>, 'runs'>): boolean {
  return path.fails?.how !== 'until it is given up';
}

const MOMENTS = ['before its statement', 'after its commit'] as const;

/** A point at which a step can fail. */
interface FaultPoint {
  readonly step: string;
  readonly moment: Moment;
  toString(): string;
}

/** Each step, before its statement and after its commit. */
export function faultPoints(steps: readonly string[]): FaultPoint[] {
  return steps.flatMap((step) =>
    MOMENTS.map((moment) => ({ step, moment, toString: () => `${step}, ${moment}` })),
  );
}

export function tracesOf({ rows, transitions }: Traces): Traces {
  return { rows, transitions };
}

/** Expects that each subject of each run has reached the end of the path, with each transition once. */
export function expectEnds<Subject, Settings>(
  { outcome, ends }: AnyPath<Subject, Settings>,
  ran: Readonly<Record<string, SagaRan<Subject>>>,
): void {
  const end = { outcome: outcome ? expect.objectContaining(outcome) : 'SagaFailed', ...ends };
  expect(mapped(ran, ({ came }) => came)).toEqual(mapped(ran, ({ came }) => came.map(() => end)));
}

/** Runs all cases at the same time. */
export async function each<Choice, Ran>(
  choices: readonly Choice[],
  run: (choice: Choice) => Promise<Ran>,
): Promise<Record<string, Ran>> {
  const ran = await Promise.all(choices.map(async (choice) => [String(choice), await run(choice)] as const));
  return Object.fromEntries(ran);
}

export function mapped<Value, Other>(
  values: Readonly<Record<string, Value>>,
  change: (value: Value) => Other,
): Record<string, Other> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
