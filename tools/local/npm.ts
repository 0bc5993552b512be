/** Runs the npm that runs this command. */
import { execFile } from 'node:child_process';
import { ROOT } from '../../platform/project-paths';

/** 64 MiB: an SBOM of a thousand packages is about 2 MB. */
const OUTPUT_MAX = 64 * 1024 * 1024;

export interface NpmAnswer {
  /** Null when npm could not be started, or was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function npm(...args: readonly string[]): Promise<NpmAnswer> {
  const cli = process.env['npm_execpath'];
  const [program, words] =
    cli !== undefined && /\.[cm]?js$/.test(cli) ? [process.execPath, [cli, ...args]] : ['npm', args];
  return new Promise((resolve) => {
    const child = execFile(program, words, { cwd: ROOT, maxBuffer: OUTPUT_MAX }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}
