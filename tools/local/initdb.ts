/** Creates the data folder of the embedded Postgres. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { asUser, type PostgresUser } from './postgres-user';
import { serverEnvironment } from './server-environment';
import { StartError } from './start-error';

export const SUPERUSER = 'postgres';

/**
 * @param initdb path of the program
 * @throws StartError with its reason; the folder is removed then
 */
export function initialise(
  initdb: string,
  folder: string,
  password: string,
  user: PostgresUser,
  dataDir: string,
): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  const passwordFile = path.join(dataDir, 'initdb.password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined) {
    chownSync(folder, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const options = [
    ...['-D', folder, '-U', SUPERUSER],
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ];
  const [command, args] = asUser(user, initdb, options);
  const { status, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    cwd: folder,
    env: serverEnvironment(folder),
  });
  rmSync(passwordFile, { force: true });
  if (status === 0) return;
  rmSync(folder, { recursive: true, force: true });
  const reason = stderr.split('\n').find((line) => /error|fatal|could not/i.test(line)) ?? stderr.trim();
  throw new StartError(`initdb failed in ${folder}; check DATA_DIR: ${reason}`);
}
