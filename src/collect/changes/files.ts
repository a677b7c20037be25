import { createHash } from 'node:crypto';
import { glob, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SeenChange } from '../../model/index.ts';

/** Where configuration lies that changes how services run. */
const USUAL = [
  'etc/nginx/**/*',
  'etc/haproxy/**/*',
  'etc/systemd/system/*.{service,socket,timer,mount}',
  'etc/systemd/system/*.d/*.conf',
];
const MOST_FILES = 500;
const MOST_BYTES = 1024 * 1024;
/** What editors and package managers leave beside a file. */
const BESIDE = /(^|\/)\.|~$|\.(sw[a-p]|tmp|bak|dpkg-[a-z]+|rpm(new|save|orig))$/;

/** A file as it was: nothing of its content but a hash. */
export interface KnownFile {
  readonly modifiedAt: number;
  readonly size: number;
  readonly hash: string;
  /** It was not there when last looked for: gone for good if it is not there again. */
  readonly isMissing?: true;
}
export type FileState = Readonly<Record<string, KnownFile>>;

/**
 * Edits of configuration files: nginx, haproxy, units of systemd, and what `patterns` name. At the first look they are only remembered. A
 * stat a file, and a hash of those whose time or size changed. Weak: who edited it is not known; of more than 500 files the rest is not looked at.
 */
export async function readFiles(
  root: string,
  patterns: readonly string[],
  state: FileState | null,
  now: number,
): Promise<{
  readonly changes: readonly SeenChange[];
  readonly state: FileState;
  readonly problems: readonly string[];
}> {
  const problems: string[] = [];
  const files: Record<string, KnownFile> = {};
  const changes: SeenChange[] = [];
  const tell = (path: string, at: number, from: string | null, to: string | null): void => {
    changes.push({
      at: Math.min(now, Math.round(at)),
      kind: 'configuration',
      what: path,
      from,
      to,
      by: null,
      source: 'files',
    });
  };
  const paths = await matching(root, patterns);
  if (paths.length > MOST_FILES) problems.push(`Of ${paths.length} configuration files ${MOST_FILES} are watched.`);
  const there = new Set(paths);
  /** One that is linked is one file. */
  const known = new Set<string>();
  for (const path of paths.slice(0, MOST_FILES)) {
    const before = state?.[path];
    try {
      const { mtimeMs, size, dev, ino, isFile } = await statOf(join(root, path));
      if (!isFile || known.has(`${dev}:${ino}`)) continue;
      known.add(`${dev}:${ino}`);
      if (before !== undefined && before.modifiedAt === mtimeMs && before.size === size) {
        files[path] = { modifiedAt: mtimeMs, size, hash: before.hash };
        continue;
      }
      if (size > MOST_BYTES) {
        if (before !== undefined) files[path] = before;
        continue;
      }
      const hash = createHash('sha256')
        .update(await readFile(join(root, path)))
        .digest('hex')
        .slice(0, 12);
      files[path] = { modifiedAt: mtimeMs, size, hash };
      if (state !== null && before?.hash !== hash) tell(path, mtimeMs, before?.hash ?? null, hash);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code === 'ENOENT') continue;
      problems.push(`${path} cannot be read (${code === '' ? String(error) : code}): edits of it are not seen.`);
      if (before !== undefined) files[path] = before;
    }
  }
  for (const [path, file] of Object.entries(state ?? {})) {
    if (files[path] !== undefined) continue;
    // Some editors take a file away before they write it anew.
    if (there.has(path)) files[path] = file;
    else if (file.isMissing === true) tell(path, now, file.hash, null);
    else files[path] = { ...file, isMissing: true };
  }
  return { changes, state: files, problems };
}

async function statOf(path: string) {
  const stats = await stat(path);
  return { mtimeMs: stats.mtimeMs, size: stats.size, dev: stats.dev, ino: stats.ino, isFile: stats.isFile() };
}

async function matching(root: string, patterns: readonly string[]): Promise<string[]> {
  const paths = new Set<string>();
  for (const pattern of [...USUAL, ...patterns.map((one) => one.replace(/^\/+/, ''))])
    for await (const path of glob(pattern, { cwd: root })) if (!BESIDE.test(path)) paths.add(`/${path}`);
  return [...paths].sort();
}
