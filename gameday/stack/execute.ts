import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where programs are looked for: as usual, and where an administrator's lie. */
export const PATH = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(':');

/** Runs a command to its end. Resolves with its standard output; rejects with what it said when it failed. */
export function run(
  argv: readonly string[],
  options: { readonly timeoutMs?: number; readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      argv[0] as string,
      argv.slice(1),
      {
        timeout: options.timeoutMs ?? 60_000,
        killSignal: 'SIGKILL',
        maxBuffer: 16 << 20,
        env: { ...process.env, PATH, ...options.env },
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${argv.join(' ').slice(0, 300)}: ${stderr.trim().slice(-500) || error.message}`));
      },
    );
    child.stdin?.end();
  });
}

/** Where a program lies, also in the places that are not on an ordinary path; null where it is not installed. */
export function program(name: string): string | null {
  const folders = PATH.split(':');
  const servers = '/usr/lib/postgresql';
  if (existsSync(servers)) for (const version of readdirSync(servers)) folders.push(join(servers, version, 'bin'));
  for (const folder of folders) if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  return null;
}

/** @throws Error when it is not installed. */
export function needed(name: string): string {
  const path = program(name);
  if (path === null) throw new Error(`${name} is not installed.`);
  return path;
}

/** One word of a shell script, whatever is in it. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Asks until the answer is yes. @throws Error when it is not within the time. */
export async function until(what: string, ms: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + ms;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ms / 1000} s`);
    await pause(50);
  }
}
