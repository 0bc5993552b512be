/** Postgres refuses to run as root. Under root, it runs as an existing unprivileged user. */
import { spawnSync } from 'node:child_process';
import { StartError } from './start-error';

const CANDIDATES = ['postgres', 'nobody'];

/** Without a uid: the user of this process. */
export interface PostgresUser {
  readonly uid?: number;
  readonly gid: number;
  /** The user cannot read the folders and gets the capability to. */
  readonly needsAccess: boolean;
}

/** @throws StartError when there is no such user */
export function postgresUser(binary: string, dataDir: string): PostgresUser {
  if (process.getuid?.() !== 0) return { gid: 0, needsAccess: false };
  for (const name of CANDIDATES) {
    const uid = numberOf('-u', name);
    const gid = numberOf('-g', name);
    if (uid === undefined || gid === undefined) continue;
    const reach = spawnSync('setpriv', [
      ...drop({ uid, gid, needsAccess: false }),
      'test',
      '-x',
      binary,
      '-a',
      '-x',
      dataDir,
    ]);
    return { uid, gid, needsAccess: reach.status !== 0 };
  }
  throw new StartError(
    'Postgres cannot run as root, and there is no user postgres or nobody; run npm start as another user',
  );
}

/** @returns the command and its arguments that run `command` as `user` */
export function asUser(user: PostgresUser, command: string, args: readonly string[]): [string, string[]] {
  if (user.uid === undefined) return [command, [...args]];
  return ['setpriv', [...drop(user), command, ...args]];
}

function drop({ uid, gid, needsAccess }: PostgresUser): string[] {
  const ids = [`--reuid=${String(uid)}`, `--regid=${String(gid)}`, '--clear-groups'];
  const access = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  return needsAccess ? [...ids, ...access, '--'] : [...ids, '--'];
}

function numberOf(option: string, name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [option, name], { encoding: 'utf8' });
  return status === 0 ? Number(stdout) : undefined;
}
