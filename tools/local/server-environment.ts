/** The environment of the processes that we start: nothing of the shell's that could change what they do. */
import { ENVIRONMENT_NAMES } from '../../platform/config';

/** How programs and temporary folders are found. `PG*`, `TEMPORAL_*`, `LC_*`, proxies and all others stay out. */
const PASSED_ON = ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot'];

/** What tests must not depend on, beside our own variables. */
const NOT_FOR_TESTS = /^(PG|TEMPORAL_|LC_|LANG|TZ$)/;

/** @param home a folder without configuration files of the user */
export function serverEnvironment(home: string): NodeJS.ProcessEnv {
  const passedOn = PASSED_ON.map((name) => [name, process.env[name]] as const);
  return {
    ...Object.fromEntries(passedOn.filter(([, value]) => value !== undefined)),
    ...{ HOME: home, TZ: 'UTC', LC_ALL: 'C' },
  };
}

/** The shell's environment without what configures the product, Postgres and Temporal, and without its zone and language. */
export function testEnvironment(): NodeJS.ProcessEnv {
  const isTheirs = (name: string) => !NOT_FOR_TESTS.test(name) && !ENVIRONMENT_NAMES.includes(name);
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => isTheirs(name))),
    TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'],
  };
}
