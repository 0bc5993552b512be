/** The progress of a long command, on stderr. */
import cliProgress from 'cli-progress';

/** @param doing as in "auditing"; @param what is counted, as in " orders" */
export function progressBar(doing: string, what = ''): cliProgress.SingleBar {
  return new cliProgress.SingleBar({
    format: `${doing} [{bar}] {value} of {total}${what}, {duration_formatted}`,
    stream: process.stderr,
    noTTYOutput: true,
    clearOnComplete: true,
  });
}
