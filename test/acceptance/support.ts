import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Numbers and texts from the command line; what is not given keeps its default. */
export function options<T extends Record<string, string | number>>(defaults: T): T {
  const { values } = parseArgs({
    options: Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' as const }])),
  });
  const given = Object.entries(defaults).map(([name, standard]) => {
    const value = values[name];
    if (typeof value !== 'string') return [name, standard];
    if (typeof standard === 'string') return [name, value];
    if (!Number.isFinite(Number(value))) throw new Error(`--${name} takes a number, not "${value}"`);
    return [name, Number(value)];
  });
  return Object.fromEntries(given) as T;
}

export const isRoot = process.getuid?.() === 0;

export function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Why loop-mounted disks cannot be used here; null when they can. */
export function whyNoLoopDisks(): string | null {
  if (!isRoot) return 'loop mounts need root';
  for (const program of ['losetup', 'mkfs.ext4', 'mount'])
    if (!isInstalled(program)) return `${program} is not installed`;
  try {
    execFileSync('losetup', ['--find'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'there is no free loop device';
  }
}

/** What is undone at the end, whatever happens, the last first; also on SIGINT and SIGTERM. */
export class Cleanup {
  readonly #steps: (() => void | Promise<void>)[] = [];
  #running: Promise<void> | null = null;
  readonly #onSignal = (): void => {
    void this.run().finally(() => process.exit(130));
  };

  constructor() {
    process.once('SIGINT', this.#onSignal);
    process.once('SIGTERM', this.#onSignal);
  }

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  run(): Promise<void> {
    this.#running ??= (async () => {
      process.off('SIGINT', this.#onSignal);
      process.off('SIGTERM', this.#onSignal);
      for (const step of this.#steps.splice(0).reverse()) {
        try {
          await step();
        } catch (error) {
          console.error(`Cleaning up: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    })();
    return this.#running;
  }
}

/** A folder that goes with the run. */
export function temporaryFolder(cleanup: Cleanup, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `auspex-${name}-`));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface LoopDisk {
  readonly image: string;
  readonly mount: string;
  readonly device: string;
  release(): void;
}

/**
 * An ext4 file system in a file. Direct I/O on the loop device: what the inner file system has not written out is in no
 * page cache of the backing file either, so that a copy of the file is what a power cut would leave.
 */
export function mountImage(cleanup: Cleanup, image: string, mount: string): LoopDisk {
  mkdirSync(mount, { recursive: true });
  const device = execFileSync('losetup', ['--find', '--show', '--direct-io=on', image], { encoding: 'utf8' }).trim();
  let isReleased = false;
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    try {
      execFileSync('umount', [mount], { stdio: 'ignore' });
    } catch {
      execFileSync('umount', ['-l', mount], { stdio: 'ignore' });
    } finally {
      execFileSync('losetup', ['--detach', device], { stdio: 'ignore' });
    }
  };
  try {
    execFileSync('mount', [device, mount]);
  } catch (error) {
    execFileSync('losetup', ['--detach', device], { stdio: 'ignore' });
    throw error;
  }
  cleanup.add(release);
  return { image, mount, device, release };
}

export function makeLoopDisk(cleanup: Cleanup, folder: string, name: string, megabytes: number): LoopDisk {
  const image = join(folder, `${name}.img`);
  execFileSync('truncate', ['-s', `${megabytes}M`, image]);
  execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
  return mountImage(cleanup, image, join(folder, name));
}

/** A program that ends with the run, with all it started. */
export function start(cleanup: Cleanup, command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  const end = (): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
  cleanup.add(end);
  return child;
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

export const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** A table for people, then one line of JSON for programs; the exit code says whether the aim was met. */
export function report(name: string, rows: readonly object[], result: Record<string, unknown>, isMet: boolean): void {
  console.table(rows);
  console.log(JSON.stringify({ run: name, ...result, met: isMet }));
  process.exitCode = isMet ? 0 : 1;
}

export function share(part: number, of: number): string {
  return `${part}/${of}`;
}
