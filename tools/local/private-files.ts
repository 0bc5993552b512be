/** DATA_DIR is its owner's alone: it has passwords, and all that the databases and Temporal keep. */
import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Files and folders that this process and its children create are for their owner only. */
const OWNER_ONLY = 0o077;

/** Postgres sees to its own folder, and refuses to start when others may enter it. */
const NOT_OURS = ['postgres'];

/**
 * @param dataDir may have files of an earlier version, which others could read; files of another user are left as they are
 */
export function makePrivate(dataDir: string): void {
  process.umask(OWNER_ONLY);
  closeToOthers(dataDir, NOT_OURS);
}

function closeToOthers(entry: string, except: readonly string[] = []): void {
  const status = lstatSync(entry);
  if (status.isSymbolicLink()) return;
  const isOpen = (status.mode & OWNER_ONLY) !== 0;
  if (isOpen && status.uid === process.getuid?.()) chmodSync(entry, status.mode & ~OWNER_ONLY & 0o777);
  if (!status.isDirectory()) return;
  for (const name of readdirSync(entry)) if (!except.includes(name)) closeToOthers(path.join(entry, name));
}
