/**
 * A disk that is really full: a small tmpfs of its own, which root can mount. Where it cannot be mounted the tests
 * that need it are left out and say so; /dev/full and SQLSTATE 53100 stand in for it elsewhere, on every machine.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  readonly folder: string;
  /** Takes all the room that is left. */
  fill(): void;
  /** Gives back what `fill` took. */
  makeRoom(): void;
  remove(): void;
}

/** Whether this machine lets the tests have a disk of their own. */
export const HAS_SMALL_DISKS = canMount();

function mount(folder: string, sizeKib: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k,mode=0755`, 'none', folder], {
    stdio: 'ignore',
  });
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'torv-mount-'));
  try {
    mount(folder, 64);
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn(
      'No small disk can be mounted here (not root): tests with a disk that is really full are left out',
    );
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function openSmallDisk(sizeKib: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'torv-small-'));
  mount(folder, sizeKib);
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill() {
      const file = openSync(ballast, 'a');
      try {
        for (let size = 1024 * 1024; size >= 1; ) {
          try {
            writeSync(file, Buffer.alloc(size));
          } catch {
            size = size >> 1;
          }
        }
      } finally {
        closeSync(file);
      }
    },
    makeRoom: () => rmSync(ballast, { force: true }),
    remove() {
      // Lazily: a file that somebody holds open must not keep the mount for ever.
      execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
