// The one entry behind the npm scripts. Runs on any Node from 18 on with nothing installed: brings the project to a
// runnable state (packages, Node 24, build: each only when stale), then runs the real thing on Node 24.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const say = (text) => process.stderr.write(`${text}\n`);

/** The newest change below the given places, in ms; what matches `skip` does not count. */
function newest(places, skip = /$^/) {
  let latest = 0;
  for (const place of places) {
    const path = join(root, place);
    if (!existsSync(path)) continue;
    const stat = statSync(path);
    if (!stat.isDirectory()) latest = Math.max(latest, stat.mtimeMs);
    else
      for (const entry of readdirSync(path))
        if (!skip.test(entry)) latest = Math.max(latest, newest([join(place, entry)], skip));
  }
  return latest;
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], env: environment(), ...options });
  if (result.error) fail(`${command} could not be run: ${result.error.message}`);
  return result.status ?? 1;
}

function fail(message) {
  say(message);
  process.exit(4);
}

function environment() {
  return { ...process.env, PATH: `${bin}:${process.env.PATH}` };
}

function ensureInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= newest(['package-lock.json'])) return;
  say('Installing packages (first start only, about half a minute) …');
  // Not `npm ci`: it refuses where a registry has no packages of other platforms. The locked versions hold all the same.
  if (run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']) !== 0) {
    fail(
      'npm install failed: see its message above. Auspex needs the npm registry once; check the network or your proxy and start again.',
    );
  }
}

/** Node 24: the one that runs this, or the one that the `node` package brought. */
function node24() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const own = join(root, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(own)) return own;
  return fail(
    `Node 24 is needed, this is ${process.version}, and the npm package "node" did not bring one for this platform. Install Node 24 and start again.`,
  );
}

function ensureBuilt(node) {
  const stamp = join(root, 'dist', '.built');
  const pageStamp = join(root, 'dashboard', 'dist', '.built');
  const sourceAt = newest(
    ['src', 'tsconfig.json', 'tsconfig.build.json', 'rolldown.config.js', 'package-lock.json'],
    /\.test\.tsx?$/,
  );
  if (!existsSync(stamp) || statSync(stamp).mtimeMs < sourceAt) {
    say('Building …');
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    const bundle = [join(root, 'node_modules', 'rolldown', 'bin', 'cli.mjs'), '--config'];
    if (run(join(bin, 'tsc'), ['-p', 'tsconfig.build.json']) !== 0 || run(node, bundle) !== 0)
      fail('The build failed: see the message above.');
    writeFileSync(stamp, '');
  }
  const pageAt = newest(
    ['dashboard/src', 'dashboard/index.html', 'dashboard/vite.config.ts', 'src/api/contract', 'package-lock.json'],
    /\.test\.tsx?$/,
  );
  if (!existsSync(pageStamp) || statSync(pageStamp).mtimeMs < pageAt) {
    say('Building the page …');
    if (
      run(node, [join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn'], {
        cwd: join(root, 'dashboard'),
      }) !== 0
    )
      fail('The page’s build failed: see the message above.');
    writeFileSync(pageStamp, '');
  }
}

/** Runs `node args…` in the foreground and ends as it ends; signals go on to it. */
function hand(node, args, settings = {}) {
  const env = { ...settings, ...environment() };
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(node, [node, ...args], env);
  }
  const child = spawn(node, args, { cwd: process.cwd(), stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}

const [task = 'start', ...rest] = process.argv.slice(2);
ensureInstalled();
const node = node24();
// Settings that keep the memory small; the first line of src/cli/main.ts has the same for an installed package.
const runtime = JSON.parse(readFileSync(join(root, 'scripts', 'runtime.json'), 'utf8'));

if (task === 'start' || task === 'cli') {
  ensureBuilt(node);
  const cli = join(root, 'dist', 'cli', 'main.js');
  hand(node, [...runtime.flags, cli, ...(task === 'start' ? ['start', ...rest] : rest)], runtime.env);
} else if (task === 'test') {
  ensureBuilt(node);
  hand(node, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...rest]);
} else if (task === 'bench') {
  ensureBuilt(node);
  hand(node, [...runtime.flags, join(root, 'bench', 'run.ts'), ...rest]);
} else if (task === 'bench:accuracy' || task === 'bench:speed') {
  hand(node, [join(root, 'bench', 'run-folder.ts'), task.slice('bench:'.length), ...rest]);
} else if (task === 'gameday') {
  // Only one of its arms is what is built.
  if (rest.some((word) => /^((--arm=)?auspex|--(library|ramps)(=.*)?)$/.test(word))) ensureBuilt(node);
  hand(node, ['--disable-warning=ExperimentalWarning', join(root, 'gameday', 'run.ts'), ...rest]);
} else if (task === 'check') {
  ensureBuilt(node);
  const checks = [
    ['types', [join(bin, 'tsc'), '-p', 'tsconfig.json', '--noEmit']],
    ['types of the pure core', [join(bin, 'tsc'), '-p', 'tsconfig.pure.json', '--noEmit']],
    ['types of the page', [join(bin, 'tsc'), '-p', 'dashboard/tsconfig.json', '--noEmit']],
    ['lint and import rules', [join(bin, 'oxlint'), '--type-aware', '--deny-warnings']],
    ['format', [join(bin, 'biome'), 'format', '.']],
    ['unused code', [join(bin, 'knip')]],
  ];
  const failed = checks.filter(([name, [command, ...args]]) => {
    const ok = run(command, args) === 0;
    say(`${ok ? 'passed' : 'FAILED'}: ${name}`);
    return !ok;
  });
  process.exit(failed.length === 0 ? 0 : 1);
} else {
  fail(`Unknown task "${task}". Known: start, cli, test, bench, bench:accuracy, bench:speed, gameday, check.`);
}
