import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
export const distFolder = join(root, 'dashboard', 'dist');

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((entry) => newest(join(path, entry))));
}

/** Builds the page where it is missing or older than its source; `npm test` has done so before. */
export function ensurePage(): void {
  // Test files run side by side: one builds, the others wait.
  const lock = join(root, 'node_modules', '.cache', 'auspex-page-build');
  mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true });
  for (let tries = 0; ; tries++) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      if (tries > 300) throw new Error(`Another build of the page seems to have died: remove ${lock}.`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    buildIfStale();
  } finally {
    rmSync(lock, { recursive: true });
  }
}

function buildIfStale(): void {
  const index = join(distFolder, 'index.html');
  const source = Math.max(
    newest(join(root, 'dashboard', 'src')),
    newest(join(root, 'dashboard', 'index.html')),
    newest(join(root, 'dashboard', 'vite.config.ts')),
  );
  if (existsSync(index) && statSync(index).mtimeMs >= source) return;
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const result = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: join(root, 'dashboard'),
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (result.status !== 0) throw new Error(`The page's build failed: ${result.stderr}`);
}

interface ManifestEntry {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
  readonly isEntry?: boolean;
}

/** The files that a first visit of the overview loads, from the build's manifest: the entry, what it imports, their styles. */
export function firstLoadFiles(): string[] {
  const manifest = JSON.parse(readFileSync(join(distFolder, 'manifest.json'), 'utf8')) as Record<string, ManifestEntry>;
  const files = new Set<string>(['assets/first-paint.js']);
  const seen = new Set<string>();
  const walk = (key: string) => {
    const entry = manifest[key];
    if (entry === undefined || seen.has(key)) return;
    seen.add(key);
    files.add(entry.file);
    for (const css of entry.css ?? []) files.add(css);
    for (const other of entry.imports ?? []) walk(other);
  };
  for (const [key, entry] of Object.entries(manifest)) if (entry.isEntry === true) walk(key);
  return [...files];
}
