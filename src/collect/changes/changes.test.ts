import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CollectorEvent, SeenChange } from '../../model/index.ts';
import { createChangeCollector } from './change-collector.ts';
import { type FileState, readFiles } from './files.ts';
import { noPackages, type PackageState, readPackages } from './packages.ts';
import { parseDnf, parseDpkg, parsePacman } from './package-log.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'auspex-changes-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const path = (name: string) => join(root, name);
function write(name: string, text: string): void {
  mkdirSync(dirname(path(name)), { recursive: true });
  writeFileSync(path(name), text);
}
const NOW = new Date(2026, 0, 5, 12).getTime();
const told = (changes: readonly SeenChange[]) =>
  changes.map(({ what, from, to }) => `${what} ${from ?? '-'} ${to ?? '-'}`);

describe('lines of package managers', () => {
  test.each([
    [parseDpkg, '2026-01-05 11:59:58 upgrade openssl:amd64 3.0.11-1 3.0.12-1', 'openssl 3.0.11-1 3.0.12-1'],
    [parseDpkg, '2026-01-05 11:59:58 install nginx:amd64 <none> 1.22.1-9', 'nginx - 1.22.1-9'],
    [parseDpkg, '2026-01-05 11:59:58 remove nginx:amd64 1.22.1-9 <none>', 'nginx 1.22.1-9 -'],
    [parseDpkg, '2026-01-05 11:59:58 purge nginx:amd64 <none> <none>', null],
    [parseDpkg, '2026-01-05 11:59:58 status installed nginx:amd64 1.22.1-9', null],
    [parseDpkg, '2026-13-45 garbage', null],
    [parseDnf, '2026-01-05T11:59:58+0000 SUBDEBUG Upgrade: openssl-1:3.0.7-24.el9.x86_64', 'openssl - 1:3.0.7-24.el9'],
    [parseDnf, '2026-01-05T11:59:58+0000 SUBDEBUG Upgraded: openssl-1:3.0.7-20.el9.x86_64', null],
    [
      parseDnf,
      '2026-01-05T11:59:58+0000 SUBDEBUG Erase: nginx-mod-http-1.20.1-14.el9.x86_64',
      'nginx-mod-http 1.20.1-14.el9 -',
    ],
    [parsePacman, '[2026-01-05T11:59:58+0000] [ALPM] upgraded openssl (3.2.0-1 -> 3.2.1-1)', 'openssl 3.2.0-1 3.2.1-1'],
    [parsePacman, '[2026-01-05T11:59:58+0000] [ALPM] removed nginx (1.24-1)', 'nginx 1.24-1 -'],
    [parsePacman, '[2026-01-05T11:59:58+0000] [PACMAN] synchronizing package lists', null],
  ])('%o: %s', (parse, line, expected) => {
    const one = parse(line);
    expect(one === null ? null : `${one.what} ${one.from ?? '-'} ${one.to ?? '-'}`).toBe(expected);
    if (one !== null) expect(Number.isFinite(one.at)).toBe(true);
  });
});

describe('packages', () => {
  const DPKG = 'var/log/dpkg.log';
  const line = (what: string, to: string, second = 0) =>
    `2026-01-05 11:30:${String(second).padStart(2, '0')} upgrade ${what}:amd64 1 ${to}\n`;
  let state: PackageState = noPackages;
  const read = async (): Promise<string[]> => {
    const next = await readPackages(root, state, NOW);
    // As it is kept between two runs.
    state = JSON.parse(JSON.stringify(next.state)) as PackageState;
    return told(next.changes);
  };
  beforeEach(() => {
    state = noPackages;
  });

  test('a log is read on from where it was left, over halves of lines, a rotation and a cut', async () => {
    expect(await read()).toEqual([]);
    write(DPKG, `2026-01-03 11:00:00 upgrade old:amd64 1 2\n${line('first', '2')}`);
    expect(await read()).toEqual(['first 1 2']);
    appendFileSync(path(DPKG), '2026-01-05 11:31:00 upgrade second:amd');
    expect(await read()).toEqual([]);
    appendFileSync(path(DPKG), `64 1 2\n${line('third', '2')}`);
    expect(await read()).toEqual(['second 1 2', 'third 1 2']);
    appendFileSync(path(DPKG), line('last', '2'));
    renameSync(path(DPKG), path(`${DPKG}.1`));
    write(DPKG, line('fresh', '2'));
    expect(await read()).toEqual(['last 1 2']);
    expect(await read()).toEqual(['fresh 1 2']);
    truncateSync(path(DPKG), 0);
    appendFileSync(path(DPKG), line('a', '2'));
    expect(await read()).toEqual(['a 1 2']);
  });

  test('what took a whole system is one change', async () => {
    write(DPKG, Array.from({ length: 300 }, (_, i) => line(`p${i}`, '2', i % 60)).join(''));
    expect(await read()).toEqual(['300 packages (p0 2, p1 2, p2 2 and 297 more) - -']);
  });

  test('of apk what differs from before is told, and nothing at the first look', async () => {
    const installed = (versions: Record<string, string>) =>
      write(
        'lib/apk/db/installed',
        Object.entries(versions)
          .map(([name, v]) => `C:Q1\nP:${name}\nV:${v}\nA:x86_64\n\n`)
          .join(''),
      );
    installed({ musl: '1.2.4', zlib: '1.3' });
    expect(await read()).toEqual([]);
    installed({ musl: '1.2.5', curl: '8.5' });
    expect((await read()).toSorted()).toEqual(['curl - 8.5', 'musl 1.2.4 1.2.5', 'zlib 1.3 -']);
  });
});

describe('files', () => {
  let state: FileState | null = null;
  const read = async (patterns: readonly string[] = []) => {
    const next = await readFiles(root, patterns, state, NOW);
    state = JSON.parse(JSON.stringify(next.state)) as FileState;
    return next.changes.map(
      ({ what, from, to }) => `${what}${from === null ? ' new' : ''}${to === null ? ' gone' : ''}`,
    );
  };
  beforeEach(() => {
    state = null;
  });

  test('an edit is told, a touch is not; what is linked is one file, what an editor leaves beside is none', async () => {
    write('etc/nginx/nginx.conf', 'a');
    write('etc/nginx/sites-available/shop', 'b');
    mkdirSync(path('etc/nginx/sites-enabled'));
    symlinkSync('../sites-available/shop', path('etc/nginx/sites-enabled/shop'));
    expect(await read()).toEqual([]);
    utimesSync(path('etc/nginx/nginx.conf'), 1, 1);
    write('etc/nginx/.nginx.conf.swp', 'c');
    write('etc/nginx/nginx.conf~', 'c');
    expect(await read()).toEqual([]);
    write('etc/nginx/sites-available/shop', 'password=hunter2');
    write('etc/haproxy/haproxy.cfg', 'x');
    write('etc/systemd/system/shop.service.d/limits.conf', 'y');
    expect((await read()).toSorted()).toEqual([
      '/etc/haproxy/haproxy.cfg new',
      '/etc/nginx/sites-available/shop',
      '/etc/systemd/system/shop.service.d/limits.conf new',
    ]);
    expect(JSON.stringify(state)).not.toContain('hunter2');
  });

  test('gone is what is missing twice; what is named is watched, too', async () => {
    write('etc/shop/a.yaml', '1');
    write('etc/haproxy/haproxy.cfg', 'x');
    expect(await read(['/etc/shop/*.yaml'])).toEqual([]);
    rmSync(path('etc/haproxy/haproxy.cfg'));
    write('etc/shop/a.yaml', '22');
    expect(await read(['/etc/shop/*.yaml'])).toEqual(['/etc/shop/a.yaml']);
    expect(await read(['/etc/shop/*.yaml'])).toEqual(['/etc/haproxy/haproxy.cfg gone']);
    expect(await read(['/etc/shop/*.yaml'])).toEqual([]);
  });
});

test('the collector tells what happened, also while it did not run, once; a damaged state is begun anew', async () => {
  let stored: unknown = 'damaged';
  const seen: string[] = [];
  const run = async (work: () => void): Promise<void> => {
    const stop = new AbortController();
    const collector = createChangeCollector({
      files: [],
      root,
      intervalMs: 5,
      clock: { now: () => NOW, monotonic: () => performance.now() },
      state: {
        load: async () => stored,
        save: async (value) => {
          stored = JSON.parse(JSON.stringify(value)) as unknown;
        },
      },
    });
    const emit = async (event: CollectorEvent): Promise<void> => {
      if (event.kind === 'changes') seen.push(...told(event.changes).map((text) => text.split(' ')[0] ?? ''));
    };
    const running = collector.start(emit, stop.signal);
    while (collector.health().lastCollectionAt === null) await new Promise((done) => setTimeout(done, 5));
    work();
    await new Promise((done) => setTimeout(done, 60));
    expect(collector.health()).toMatchObject({ state: 'ok', problems: [] });
    stop.abort();
    await running;
  };
  write('etc/nginx/nginx.conf', 'a');
  await run(() => write('etc/nginx/nginx.conf', 'bb'));
  expect(seen).toEqual(['/etc/nginx/nginx.conf']);
  write('etc/nginx/nginx.conf', 'ccc');
  await run(() => {});
  expect(seen).toEqual(['/etc/nginx/nginx.conf', '/etc/nginx/nginx.conf']);
});
