/** A small file system of its own that can be filled up, where this process may mount one. */
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

/** 1 GB: the databases of a long run with their logs are a third of it. */
const SIZE = '1g';
const PIECE = Buffer.alloc(1024 * 1024);

export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** @returns undefined where nothing may be mounted: not root, or not Linux */
  static mountIn(folder: string): SmallDisk | undefined {
    const disk = path.join(folder, 'disk');
    mkdirSync(path.join(disk), { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    chmodSync(disk, 0o755);
    mkdirSync(path.join(disk, 'logs'));
    return new SmallDisk(disk);
  }

  /** Writes until the disk is full. */
  fill(): void {
    const file = openSync(this.#ballast, 'w');
    try {
      for (;;) writeSync(file, PIECE);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.folder], { stdio: 'ignore' });
  }

  get #ballast(): string {
    return path.join(this.folder, 'ballast');
  }
}
