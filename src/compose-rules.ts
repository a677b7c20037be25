import { glob, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseConfigText } from './config/file.ts';
import type { LoadedConfig } from './config/load.ts';
import { parsePromql } from './decide/promql/parse.ts';
import { type ParsedRules, readRules, type RuleGroup, type RuleProblem } from './decide/rules/rule-file.ts';
import type { RulesPort } from './api/http/ports.ts';
import type { Engine } from './engine/engine.ts';
import { tryRule } from './engine/rule-trial.ts';
import { AuspexError } from './errors.ts';
import type { Clock, MetricStore, RecordStore } from './model/index.ts';
import type { Logger } from './telemetry/log.ts';

/** The row that holds what was imported. */
const IMPORTED = 'rules.imported';
const MOST_BYTES = 1_000_000;
const MOST_IMPORTED = 100;
const DAY = 86_400_000;

interface ImportedFile {
  readonly name: string;
  readonly text: string;
}

/** The rules of a text, whatever is wrong with it. */
export function rulesIn(text: string, path: string): ParsedRules {
  try {
    return readRules(parseConfigText(text, path));
  } catch (thrown) {
    const { message, data } = AuspexError.from(thrown);
    const line = typeof data['line'] === 'number' ? data['line'] : 1;
    const words = message.replace(`${path}:${line}:${data['column']}: `, '');
    return { groups: [], problems: [{ kind: 'fault', file: path, group: null, rule: null, line, message: words }] };
  }
}

/** Where the engine's rules come from: files that the configuration names, and what was imported. */
export class RuleBook implements RulesPort {
  readonly #engine: Engine;
  readonly #metrics: MetricStore;
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  #fromFiles: ParsedRules = { groups: [], problems: [] };
  #imported: readonly ImportedFile[] = [];
  #problems: readonly RuleProblem[] = [];

  constructor(parts: { engine: Engine; metrics: MetricStore; records: RecordStore; clock: Clock; log: Logger }) {
    this.#engine = parts.engine;
    this.#metrics = parts.metrics;
    this.#records = parts.records;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** Reads the files anew, and at the first call what was imported. Bad rules are told in the log; the others run. */
  async load(loaded: LoadedConfig): Promise<void> {
    this.#imported = importedIn((await this.#records.get('settings', IMPORTED))?.value);
    this.#fromFiles = await readRuleFiles(loaded.config.alerts.ruleFiles, dirname(loaded.filePath));
    this.#apply();
    for (const { kind, file, line, group, rule, message } of this.#problems)
      this.#log[kind === 'fault' ? 'error' : 'warn']({ file, line, group, rule }, `${file}:${line}: ${message}`);
  }

  #apply(): void {
    const imported = this.#imported.map(({ name, text }) => rulesIn(text, name));
    const all = [this.#fromFiles, ...imported];
    this.#problems = all.flatMap(({ problems }) => problems);
    this.#engine.rules.setGroups(distinctNames(all.flatMap(({ groups }) => groups)));
  }

  rules(): ReturnType<RulesPort['rules']> {
    const imported = new Set(this.#imported.map(({ name }) => name));
    return this.#engine.rules.groups.flatMap(({ file, rules }) =>
      rules.map((rule) => ({
        rule,
        source: imported.has(file) ? ('import' as const) : ('file' as const),
        health: this.#engine.rules.healthOf(rule),
      })),
    );
  }

  problems(): readonly RuleProblem[] {
    return this.#problems;
  }

  async import(name: string, text: string, isDryRun: boolean): Promise<ParsedRules> {
    if (Buffer.byteLength(text) > MOST_BYTES)
      throw new AuspexError(
        'TOO_LARGE',
        `The rules have ${Buffer.byteLength(text)} bytes, the limit is ${MOST_BYTES}.`,
      );
    const parsed = rulesIn(text, name);
    if (isDryRun) return parsed;
    if (parsed.groups.every(({ rules }) => rules.length === 0)) {
      const [first] = parsed.problems;
      throw new AuspexError(
        'FILE_INVALID',
        first === undefined ? `${name} has no rules.` : `${name}:${first.line}: ${first.message}`,
      );
    }
    const others = this.#imported.filter((one) => one.name !== name);
    if (others.length >= MOST_IMPORTED)
      throw new AuspexError('CONFLICT', `${MOST_IMPORTED} imports are there already; take one away first.`);
    await this.#keep([...others, { name, text }]);
    return parsed;
  }

  async remove(name: string): Promise<void> {
    const others = this.#imported.filter((one) => one.name !== name);
    if (others.length === this.#imported.length)
      throw new AuspexError('NOT_FOUND', `No rules were imported under the name “${name}”.`);
    await this.#keep(others);
  }

  async #keep(files: readonly ImportedFile[]): Promise<void> {
    await this.#records.put('settings', [{ id: IMPORTED, value: { files }, at: this.#clock.now() }]);
    this.#imported = files;
    this.#apply();
  }

  async tryOut(expression: string, forMs: number, days: number): ReturnType<RulesPort['tryOut']> {
    const query = parsePromql(expression);
    if (query.type !== 'vector')
      throw new AuspexError('BAD_REQUEST', 'The expression of an alert gives an instant vector.');
    const to = this.#clock.now();
    const from = to - days * DAY;
    return { from, to, alerts: await tryRule(this.#metrics, { query, forMs, keepFiringMs: 0, from, to }) };
  }
}

/** The rules of the files that these patterns name, `*` for any name; from where `base` is. */
export async function readRuleFiles(patterns: readonly string[], base: string): Promise<ParsedRules> {
  const groups: RuleGroup[] = [];
  const problems: RuleProblem[] = [];
  const seen = new Set<string>();
  for (const pattern of patterns) {
    const place = resolve(base, pattern);
    let found = 0;
    for await (const file of glob(place)) {
      found++;
      if (seen.has(file)) continue;
      seen.add(file);
      const parsed = await readOne(file);
      groups.push(...parsed.groups);
      problems.push(...parsed.problems);
    }
    if (found === 0) problems.push(problemOf(place, 'no file is there under this name.'));
  }
  return { groups, problems };
}

async function readOne(file: string): Promise<ParsedRules> {
  try {
    return rulesIn(await readFile(file, 'utf8'), file);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { groups: [], problems: [problemOf(file, `the file cannot be read: ${reason}.`)] };
  }
}

function problemOf(file: string, message: string): RuleProblem {
  return { kind: 'fault', file, group: null, rule: null, line: 1, message };
}

/** One alert is known by its rule's name: of files that use one name twice the later ones say where they are from. */
export function distinctNames(groups: readonly RuleGroup[]): readonly RuleGroup[] {
  const taken = new Set<string>();
  return groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => {
      if (rule.kind === 'record') return rule;
      const name = taken.has(rule.name) ? `${rule.name} (${group.name})` : rule.name;
      taken.add(name);
      return name === rule.name ? rule : { ...rule, name };
    }),
  }));
}

/** What the row holds, if it holds what was written there. */
function importedIn(value: unknown): ImportedFile[] {
  const files =
    typeof value === 'object' && value !== null && 'files' in value && Array.isArray(value.files) ? value.files : [];
  return files.flatMap((file: unknown) =>
    typeof file === 'object' &&
    file !== null &&
    'name' in file &&
    'text' in file &&
    typeof file.name === 'string' &&
    typeof file.text === 'string'
      ? [{ name: file.name, text: file.text }]
      : [],
  );
}
