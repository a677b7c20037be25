import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import runtime from '../../scripts/runtime.json' with { type: 'json' };
import { sign } from '../../src/act/notify/webhook.ts';
import { createProgram } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { routes } from '../../src/api/contract/routes.ts';
import { starterRules } from '../../src/decide/starter-rules.ts';
import { LEARNING_SAMPLES } from '../../src/detect/metric-model.ts';
import { confidenceBand } from '../../src/model/index.ts';
import { MIN_SCORED_FOR_CALIBRATION, MIN_SCORED_FOR_MEASURED } from '../../src/predict/ledger.ts';
import { commandsDocument, errorsDocument } from './reference-documents.ts';

/* What the documents say is held against the code: links, commands, configuration, routes, the references. */

const root = resolve(import.meta.dirname, '../..');
const pages = ['README.md', 'CHANGELOG.md', ...markdownBelow('docs')].filter((page) => existsSync(join(root, page)));
/** Written with the first measurements; the links to them stand already. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'auspex-docs-'));
  // It would become the default of --to.
  delete process.env['AUSPEX_TO'];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function markdownBelow(place: string): string[] {
  return readdirSync(join(root, place)).flatMap((name) => {
    const path = join(place, name);
    if (statSync(join(root, path)).isDirectory()) return markdownBelow(path);
    return name.endsWith('.md') ? [path] : [];
  });
}

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** Fenced blocks of the given languages, with the line they begin at. */
function blocks(page: string, ...languages: string[]): { line: number; text: string }[] {
  const found: { line: number; text: string }[] = [];
  let open: { line: number; language: string; lines: string[] } | null = null;
  read(page)
    .split('\n')
    .forEach((line, i) => {
      const fence = /^\s*```(\S*)/.exec(line);
      if (fence === null) open?.lines.push(line);
      else if (open === null) open = { line: i + 2, language: fence[1] ?? '', lines: [] };
      else {
        if (languages.includes(open.language)) found.push({ line: open.line, text: open.lines.join('\n') });
        open = null;
      }
    });
  return found;
}

test.each([
  ['docs/reference/errors.md', () => errorsDocument()],
  ['docs/reference/commands.md', () => commandsDocument(createProgram(() => {}))],
] as const)('%s is what the code says', (page, document) => {
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(join(root, page), document());
  expect(read(page)).toBe(document());
});

function anchorsOf(page: string): Set<string> {
  const headings = [...withoutCode(read(page)).matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? '');
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(/\s/g, '-'),
    ),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '');
}

test.each(pages)('the links of %s lead somewhere', (page) => {
  const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : relative(root, resolve(root, dirname(page), path));
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(target).has(anchor);
  });
  expect(broken).toEqual([]);
});

test.each(pages)('%s names no place of the machine it was written on', (page) => {
  expect(read(page)).not.toContain(root);
  expect(read(page)).not.toContain('/root/');
});

/** Command lines of a shell block: continued lines joined, prompts, variables and what comes after a pipe taken off. */
function commandLines(text: string): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split(/\n|&&|\||\$\(/)
    .map((line) =>
      line
        .trim()
        .replace(/^\$ /, '')
        .replace(/\s#.*$/, '')
        .replace(/^(sudo(\s+-\S+(\s+auspex(?=\s+auspex))?)*\s+)/, '')
        .replace(/^(\w+=\S*\s+)*/, '')
        .replace(/^npm run -s auspex --/, 'auspex')
        .replace(/\)$/, ''),
    )
    .filter((line) => /^auspex(\s|$)/.test(line));
}

/** Why a line would not be taken, or null: the words are walked through the commands without running any. */
function commandFault(line: string): string | null {
  const program = createProgram(() => {});
  const words = [...line.matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) => word.replaceAll(/["']/g, '')).slice(1);
  let command: Command = program;
  let given = 0;
  const seen = new Set<string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word.startsWith('-') && word !== '-') {
      const [flag = '', glued] = word.split('=');
      const option = [...command.options, ...program.options].find((one) => one.short === flag || one.long === flag);
      if (option === undefined) return ['--help', '-h'].includes(flag) ? null : `no option ${flag}`;
      seen.add(option.attributeName());
      const next = words[i + 1];
      const takesNext = option.required || (option.optional && next !== undefined && !next.startsWith('-'));
      const value = glued ?? (takesNext ? words[++i] : undefined);
      if (option.required && value === undefined) return `${flag} needs a value`;
      if (option.argChoices !== undefined && !option.argChoices.includes(value ?? '')) return `${flag} is not ${value}`;
      continue;
    }
    const sub: Command | undefined = command.commands.find((one) => one.name() === word);
    if (given === 0 && sub !== undefined) command = sub;
    else given++;
  }
  if (command === program) return words.length === 0 ? null : `no command ${words[0]}`;
  if (given > command.registeredArguments.length) return 'too many words';
  if (given < command.registeredArguments.filter((one) => one.required).length) return 'a word is missing';
  const missing = command.options.find(
    (option) => option.mandatory && option.defaultValue === undefined && !seen.has(option.attributeName()),
  );
  return missing === undefined ? null : `${missing.flags} is missing`;
}

test('the reader of command lines finds what is wrong', () => {
  const wrong = [
    'auspex strat',
    'auspex start --intervall 5',
    'auspex token --scope all --name x',
    'auspex token',
    'auspex stop now',
    'auspex models show',
  ];
  expect(wrong.filter((line) => commandFault(line) === null)).toEqual([]);
  const right = [
    'auspex',
    'auspex start --interval 5',
    'auspex doctor --bundle',
    'auspex anomalies normal 3f2a --url http://db-1:4700',
  ];
  expect(right.map(commandFault)).toEqual(right.map(() => null));
  expect(commandLines('sudo -u auspex auspex stop\nA=1 npm run -s auspex -- \\\n  models # list')).toEqual([
    'auspex stop',
    'auspex    models',
  ]);
});

test.each(pages)('the commands of %s exist as they are written', (page) => {
  const inText = [...withoutCode(read(page)).matchAll(/`((?:npm run -s auspex --|auspex) [a-z][^`\n]*)`/g)]
    .map((match) => match[1] ?? '')
    .filter((text) => !/[…<[]|[A-Z]{2,}/.test(text));
  // A sentence may name a command without all that a call needs.
  const unknown = inText.flatMap(commandLines).filter((line) => commandFault(line)?.endsWith('missing') === false);
  const wrong = blocks(page, 'sh', 'bash')
    .flatMap((block) => commandLines(block.text))
    .filter((line) => commandFault(line) !== null);
  expect([...unknown, ...wrong].map((line) => `${line}: ${commandFault(line)}`)).toEqual([]);
});

/** The files in /etc/auspex that an example names, made here with a word in each, or an address. */
function withFiles(text: string): string {
  const place = join(folder, 'etc');
  mkdirSync(place, { recursive: true });
  return text.replaceAll(/\/etc\/auspex\/[\w.-]+/g, (path) => {
    const file = join(place, basename(path));
    writeFileSync(file, file.endsWith('-url') ? 'https://hooks.example/word\n' : 'word\n');
    return file;
  });
}

const guides = pages.filter((page) => page === 'README.md' || page.startsWith('docs/guides/'));

test.each(guides)('the configuration in %s is accepted', (page) => {
  for (const { line, text } of blocks(page, 'yaml')) {
    // A block of another program says so in its first line.
    if (/^# (?!auspex\.yaml)[\w.-]+\.ya?ml/.test(text)) {
      expect(() => parse(text) as unknown, `${page}:${line}`).not.toThrow();
      continue;
    }
    const file = join(folder, `example-${line}.yaml`);
    writeFileSync(file, withFiles(text));
    const loaded = loadConfig({ env: {}, file, flags: { home: folder } });
    for (const name of Object.keys(loaded.config.alerts.starter))
      expect(starterRules.map((rule) => rule.name)).toContain(name);
  }
});

test.each(guides)('the routes that %s calls exist', (page) => {
  const known = Object.values(routes).map((route) => route.path.replaceAll(/\{\w+\}/g, '*'));
  const named = [...read(page).matchAll(/(?<![\w.])(\/(?:api|ai)\/[\w/{}.:-]*[\w}])/g)].map((match) => match[1] ?? '');
  const unknown = named.filter((path) => {
    const pattern = path.replaceAll(/\{\w+\}/g, '*').split('/');
    const fits = (route: string) => {
      const parts = route.split('/');
      return parts.length === pattern.length && parts.every((part, i) => part === '*' || part === pattern[i]);
    };
    return !known.some(fits) && path !== '/api/live';
  });
  expect(unknown).toEqual([]);
});

test('the signature check in the guide takes what Auspex sends and refuses what it did not', async () => {
  const [code] = blocks('docs/guides/notification.md', 'js');
  const file = join(folder, 'check.mjs');
  writeFileSync(file, code?.text ?? '');
  const { isFromAuspex } = (await import(file)) as {
    isFromAuspex(header: string, body: string, secret: string): boolean;
  };
  const now = Math.floor(Date.now() / 1000);
  const header = `t=${now},v1=${sign('secret', now, '{"a":1}')}`;
  expect(isFromAuspex(header, '{"a":1}', 'secret')).toBe(true);
  expect(isFromAuspex(header, '{"a":2}', 'secret')).toBe(false);
  expect(isFromAuspex(header, '{"a":1}', 'other')).toBe(false);
  expect(isFromAuspex(`t=${now - 3600},v1=${sign('secret', now - 3600, '{"a":1}')}`, '{"a":1}', 'secret')).toBe(false);
  expect(isFromAuspex('nonsense', '{"a":1}', 'secret')).toBe(false);
});

test('the programs in the guide run as they stand', { timeout: 120_000 }, async () => {
  const href = (path: string): string => pathToFileURL(join(root, path)).href;
  const programs = blocks('docs/guides/library.md', 'ts');
  expect(programs.length).toBe(3);
  for (const [i, { text }] of programs.entries()) {
    const place = join(folder, `program-${i}`);
    mkdirSync(place);
    const imports = text
      .replaceAll("'auspex'", `'${href('src/index.ts')}'`)
      .replaceAll("'auspex/learners'", `'${href('src/learners/index.ts')}'`);
    writeFileSync(join(place, 'program.ts'), imports);
    const env = { ...process.env, AUSPEX_HOME: place, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' };
    const result = spawnSync(process.execPath, ['program.ts'], { cwd: place, encoding: 'utf8', env });
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
    if (i === 0) expect(result.stdout).toMatch(/1\nNOT_FOUND /);
    if (i === 2) expect(result.stdout).toMatch(/^true\ntrue\n/);
  }
});

test('the table of the house is what the checker enforces', () => {
  const messages = [
    ...read('.oxlintrc.json').matchAll(/"(\w+)\/ may import only: itself, errors(?:, ([^"]*?))? \(design/g),
  ];
  const enforced = messages.map(([, name, list]) => [name, list ?? '–']);
  const rows = [...read('docs/internals/house.md').matchAll(/^\| `(\w+)` \| .* \| (.*) \|$/gm)];
  expect(rows.map(([, name, list]) => [name, list])).toEqual(expect.arrayContaining(enforced));
  expect(rows.length).toBe(enforced.length);
});

test('the numbers in the guides are the code’s', () => {
  const { config } = loadConfig({ env: {}, file: emptyFile() });
  const days = (ms: number) => ms / 86_400_000;
  const gigabytes = (bytes: number) => bytes / 1e9;
  const told: readonly (readonly [page: string, words: string])[] = [
    ['docs/guides/getting-started.md', `| ${LEARNING_SAMPLES} readings of a figure`],
    ['docs/guides/forecasts-and-ledger.md', `fewer than ${MIN_SCORED_FOR_MEASURED} of its kind have been judged`],
    ['docs/guides/forecasts-and-ledger.md', `From ${MIN_SCORED_FOR_CALIBRATION} judged on`],
    ['docs/guides/operating.md', `Raw samples ${days(config.retention.raw)} days`],
    ['docs/guides/operating.md', `5-minute values ${days(config.retention.fiveMinute)} days`],
    ['docs/guides/operating.md', `records ${days(config.retention.records)} days`],
    ['docs/guides/operating.md', `${gigabytes(config.store.quota)} GB at most`],
    ['docs/guides/operating.md', `less than ${config.store.minFree / 1e6} MB free`],
    ['docs/guides/prometheus.md', `limit is ${config.limits.series.toLocaleString('en')} `],
    ['docs/guides/notification.md', `tried for ${config.notify.maxAge / 3_600_000} hours`],
    ['docs/guides/alerts.md', starterRules.length === 15 ? 'Fifteen rules' : `${starterRules.length} rules`],
  ];
  for (const [page, words] of told) expect(read(page).replaceAll(/\s+/g, ' '), page).toContain(words);
  expect([0.39, 0.4, 0.7, 0.9].map(confidenceBand)).toEqual(['low', 'medium', 'high', 'very high']);
});

function emptyFile(): string {
  const file = join(folder, 'empty.yaml');
  writeFileSync(file, '');
  return file;
}

test('the parts of the benchmark in the README are those there are', () => {
  const told = [...read('README.md').matchAll(/^\| `(\w+)` \| /gm)].map((match) => match[1]);
  const parts = readdirSync(join(root, 'bench/parts')).map((name) => basename(name, '.ts'));
  expect(told.sort()).toEqual(parts.sort());
});

test('an installed `auspex` runs with the same settings as one from a checkout', () => {
  const first = readFileSync(join(root, 'src/cli/main.ts'), 'utf8').split('\n')[0];
  const settings = Object.entries(runtime.env).map(([name, value]) => `${name}=${value}`);
  expect(first).toBe(`#!/usr/bin/env -S ${settings.join(' ')} node ${runtime.flags.join(' ')}`);
});
