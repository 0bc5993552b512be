/** Finds a Chromium: playwright-core drives a browser, and installs none. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { StartError } from '../local/start-error';

/** Names of the executable on PATH: Debian's, Ubuntu's, Google's. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * @param env `CHROMIUM_PATH` names the executable; without it, the folders of `PATH` are searched
 * @returns path of the executable
 * @throws StartError with one line that says how to install it
 */
export function chromiumPath({ CHROMIUM_PATH: named, PATH = '' }: NodeJS.ProcessEnv): string {
  if (named !== undefined) {
    if (isExecutable(named)) return named;
    throw new StartError(
      `CHROMIUM_PATH is ${named}, which cannot be run; set it to a Chromium executable, or unset it`,
    );
  }
  const folders = PATH.split(path.delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable);
  if (found !== undefined) return found;
  throw new StartError(
    'Chromium is not installed; install it (Debian: apt-get install chromium), or set CHROMIUM_PATH to its executable',
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
