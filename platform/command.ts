/** The frame of every command: arguments, `--help`, errors in one line, exit codes. */
import { debuglog, parseArgs, type ParseArgsConfig } from 'node:util';
import { z } from 'zod';
import { ConfigError } from './config-error';

/** Exit code when the arguments are refused. */
const REFUSED = 2;

/** `NODE_DEBUG=order-saga` also prints the stack of an error. */
const debug = debuglog('order-saga');

export interface Command<Arguments> {
  /** What `--help` prints. */
  readonly usage: string;
  /** @throws Error that says in one line what is wrong with the arguments */
  readonly read: (args: string[]) => Arguments;
  /** Exit code when `run` throws, and the words before the reason. Default: 1, and none. */
  readonly failure?: { readonly code: number; readonly words?: string };
  /** @returns the exit code; undefined when the process continues after it */
  readonly run: (args: Awaited<Arguments>) => Promise<number | undefined>;
}

/**
 * Runs the command of this process and exits with its code. Refused arguments, a wrong configuration and a server that
 * is away are one line on stderr each, never a stack trace.
 *
 * @example
 * runCommand({
 *   usage: 'npm run greet [-- --times N]',
 *   read: options({ times: wholeNumber.default(1) }),
 *   run: async ({ times }) => (await greet(times)) ? 0 : 1,
 * });
 */
export function runCommand<Arguments>(command: Command<Arguments>): void {
  const { code, words } = { code: 1, words: undefined, ...command.failure };
  void codeOf(command).then(
    (exitCode) => {
      // Exits explicitly: the schema engine leaves a ten-second timer running.
      if (exitCode !== undefined) process.exit(exitCode);
    },
    (error: unknown) => {
      debug('%o', error);
      console.error(words === undefined ? oneLine(error) : `${words}: ${oneLine(error)}`);
      process.exit(code);
    },
  );
}

async function codeOf<Arguments>({ usage, read, run }: Command<Arguments>): Promise<number | undefined> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage);
    return 0;
  }
  let values: Awaited<Arguments>;
  try {
    values = await read(args);
  } catch (error) {
    // Node adds advice about arguments that begin with a dash.
    console.error(`${oneLine(error).replace(/\. To specify a .*/, '')} (--help shows the usage)`);
    return REFUSED;
  }
  return run(values);
}

/** An option without a value. */
export const flag = z.boolean().default(false);

/** The number that an option's value is: 0 or more. */
export const number = z
  .string()
  .regex(/^\d+(\.\d+)?$/, 'is not a number')
  .transform(Number);

export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'is not a whole number')
  .transform(Number);

export const positiveWholeNumber = wholeNumber.refine((value) => value > 0, 'is not a positive whole number');

/** @returns milliseconds of the seconds that an option's value is */
export const seconds = number.transform((value) => value * 1_000);

type Words = z.ZodType<readonly string[]>;

const NO_WORDS: Words = z.array(z.string()).max(0, 'this command takes options alone');

/**
 * Reads options as node's `parseArgs` does, and checks each with its schema.
 *
 * @param shape schema by name: `flag`, a schema of a string, or an array of strings for an option that may be repeated
 * @param words schema of the arguments that are no options
 * @returns the values by name, and the other arguments as `words`
 */
export function options<Shape extends z.ZodRawShape>(shape: Shape, words = NO_WORDS) {
  const described = Object.entries(shape).map(([name, schema]) => [name, descriptorOf(schema)] as const);
  const schema = z.object(shape);
  return (args: string[]): z.output<typeof schema> & { readonly words: readonly string[] } => {
    const given = parseArgs({ args, options: Object.fromEntries(described), allowPositionals: true });
    const read = schema.safeParse(given.values);
    if (!read.success)
      throw new Error(refusal(read.error, (name) => `--${name} ${String(given.values[name])}`));
    const others = words.safeParse(given.positionals);
    if (!others.success)
      throw new Error(refusal(others.error, () => `unexpected argument ${given.positionals.join(' ')}:`));
    return { ...read.data, words: others.data };
  };
}

function refusal({ issues: [issue] }: z.ZodError, what: (name: string) => string): string {
  return `${what(String(issue?.path[0]))} ${String(issue?.message)}`;
}

type Descriptor = NonNullable<ParseArgsConfig['options']>[string];

function descriptorOf(schema: z.core.$ZodType): Descriptor {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return descriptorOf(schema.unwrap());
  if (schema instanceof z.ZodBoolean) return { type: 'boolean' };
  return { type: 'string', multiple: schema instanceof z.ZodArray };
}

/** @returns the reason of an error without its stack: one line, or a line for each wrong variable */
export function oneLine(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  // Node's error of a connection that failed at each of its addresses has no message of its own.
  if (error instanceof AggregateError && error.message === '') return oneLine(error.errors[0]);
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().replaceAll(/\s*\n\s*/g, ' ');
}
