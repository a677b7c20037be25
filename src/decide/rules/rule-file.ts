import { AuspexError } from '../../errors.ts';
import type { Alert } from '../../model/index.ts';
import { severityOfLabel } from '../external-alerts.ts';
import { durationOf } from '../promql/literals.ts';
import { parsePromql } from '../promql/parse.ts';
import type { Query } from '../promql/syntax.ts';
import { parseTemplate, type Template } from './template.ts';

/** A file of rules as it was read: its content, and where in it a value stands. */
export interface RuleDocument {
  /** The file, or the name under which it was imported. */
  readonly path: string;
  readonly content: unknown;
  locate(path: readonly PropertyKey[]): { readonly line: number };
}

interface RuleBase {
  /** The group's, of all files: `node.yaml node-exporter`. */
  readonly group: string;
  readonly file: string;
  readonly line: number;
  readonly query: Query;
  readonly labels: ReadonlyMap<string, Template>;
}

export interface AlertingRule extends RuleBase {
  readonly kind: 'alert';
  /** The alert's name; where a file has several of one name, with what tells them apart behind it. */
  readonly name: string;
  readonly alert: string;
  readonly forMs: number;
  readonly keepFiringMs: number;
  readonly annotations: ReadonlyMap<string, Template>;
  /** Null: it asks for nobody (severity info or none) and makes no alert. */
  readonly severity: Alert['severity'] | null;
}

export interface RecordingRule extends RuleBase {
  readonly kind: 'record';
  /** The metric that it writes. */
  readonly name: string;
}

export type FileRule = AlertingRule | RecordingRule;

export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  readonly intervalMs: number;
  /** Most alerts or series of one rule; 0: no limit of its own. */
  readonly limit: number;
  readonly rules: readonly FileRule[];
}

/** What is wrong with a file, or not understood in it. A `fault` leaves its rule out; the others run. */
export interface RuleProblem {
  readonly kind: 'fault' | 'note';
  readonly file: string;
  readonly group: string | null;
  readonly rule: string | null;
  readonly line: number;
  readonly message: string;
}

export interface ParsedRules {
  readonly groups: readonly RuleGroup[];
  readonly problems: readonly RuleProblem[];
}

/** Prometheus's own, where neither group nor server says another. */
const DEFAULT_INTERVAL_MS = 60_000;
/** More seldom, an alert's `for` could not tell a condition that lasts from one that nobody looked at. */
const LONGEST_INTERVAL_MS = 240_000;
const MOST_RULES = 5_000;
const GROUP_KEYS = new Set([
  'name',
  'interval',
  'limit',
  'rules',
  'query_offset',
  'labels',
  'partial_response_strategy',
]);
const RULE_KEYS = new Set(['alert', 'record', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations']);
const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

type Table = Readonly<Record<string, unknown>>;

/**
 * The rules of a file as Prometheus reads it (`groups:`), or of a PrometheusRule of its operator (`spec.groups`). What is
 * wrong is named by file, group, rule and line; the rest is given.
 */
export function readRules(document: RuleDocument): ParsedRules {
  return new RuleReader(document).read();
}

class RuleReader {
  readonly #document: RuleDocument;
  readonly #problems: RuleProblem[] = [];
  readonly #names = new Map<string, number>();
  #count = 0;

  constructor(document: RuleDocument) {
    this.#document = document;
  }

  read(): ParsedRules {
    const { content } = this.#document;
    const inner =
      isTable(content) && isTable(content['spec']) && content['kind'] === 'PrometheusRule' ? content['spec'] : content;
    const root: readonly PropertyKey[] = inner === content ? [] : ['spec'];
    const groups = isTable(inner) ? inner['groups'] : undefined;
    if (!Array.isArray(groups)) {
      this.#say('fault', null, null, root, 'there is no list `groups:`, which a file of rules has');
      return { groups: [], problems: this.#problems };
    }
    const unknown =
      root.length === 0 && isTable(inner)
        ? Object.keys(inner).find((key) => key !== 'groups' && key !== 'namespace')
        : undefined;
    if (unknown !== undefined) this.#say('fault', null, null, [unknown], `the key ${unknown} is not known here`);
    const seen = new Set<string>();
    const read = groups.flatMap((group: unknown, i) => this.#group(group, [...root, 'groups', i], seen) ?? []);
    return { groups: read, problems: this.#problems };
  }

  #say(
    kind: RuleProblem['kind'],
    group: string | null,
    rule: string | null,
    path: readonly PropertyKey[],
    message: string,
  ): void {
    const { line } = this.#document.locate(path);
    this.#problems.push({ kind, file: this.#document.path, group, rule, line, message: `${message}.` });
  }

  #group(group: unknown, path: readonly PropertyKey[], seen: Set<string>): RuleGroup | null {
    const name = isTable(group) ? group['name'] : undefined;
    if (!isTable(group) || typeof name !== 'string' || name === '') {
      this.#say('fault', null, null, path, 'a group needs a name');
      return null;
    }
    const fault = (at: readonly PropertyKey[], message: string): void =>
      this.#say('fault', name, null, [...path, ...at], message);
    if (seen.has(name)) fault(['name'], `the file has a second group ${name}`);
    seen.add(name);
    for (const key of Object.keys(group))
      if (!GROUP_KEYS.has(key)) fault([key], `the key ${key} is not known in a group`);
    if (group['query_offset'] !== undefined)
      this.#say('note', name, null, [...path, 'query_offset'], 'query_offset is not heeded: rules look at the present');
    const interval = group['interval'] === undefined ? DEFAULT_INTERVAL_MS : this.#duration(group['interval']);
    if (interval === null || interval < 1000)
      fault(['interval'], 'the interval is a duration of at least 1s, such as 30s');
    else if (interval > LONGEST_INTERVAL_MS)
      this.#say(
        'note',
        name,
        null,
        [...path, 'interval'],
        'the group is evaluated every 4 minutes: less often, nobody would see that a condition lasts',
      );
    const limit = group['limit'] ?? 0;
    if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0)
      fault(['limit'], 'the limit is a whole number');
    const rules = group['rules'] ?? [];
    if (!Array.isArray(rules)) {
      fault(['rules'], 'rules is a list');
      return null;
    }
    const common = this.#texts(group['labels'], name, null, [...path, 'labels'], 'label');
    return {
      name,
      file: this.#document.path,
      intervalMs: Math.min(Math.max(interval ?? DEFAULT_INTERVAL_MS, 1000), LONGEST_INTERVAL_MS),
      limit: typeof limit === 'number' && limit > 0 ? limit : 0,
      rules: rules.flatMap(
        (rule: unknown, i) => this.#rule(rule, name, [...path, 'rules', i], common ?? new Map()) ?? [],
      ),
    };
  }

  #rule(
    rule: unknown,
    group: string,
    path: readonly PropertyKey[],
    common: ReadonlyMap<string, Template>,
  ): FileRule | null {
    const given = isTable(rule) ? (rule['alert'] ?? rule['record']) : undefined;
    const name = typeof given === 'string' && given !== '' ? given : null;
    const before = this.#problems.filter(({ kind }) => kind === 'fault').length;
    const fault = (at: readonly PropertyKey[], message: string): void =>
      this.#say('fault', group, name, [...path, ...at], message);
    if (++this.#count > MOST_RULES) {
      if (this.#count === MOST_RULES + 1) fault([], `a file may have ${MOST_RULES} rules`);
      return null;
    }
    if (!isTable(rule) || name === null) {
      fault([], 'a rule is an alert or a record with a name');
      return null;
    }
    const isAlert = rule['alert'] !== undefined;
    if (isAlert && rule['record'] !== undefined) fault([], 'a rule is either an alert or a record');
    for (const key of Object.keys(rule)) if (!RULE_KEYS.has(key)) fault([key], `the key ${key} is not known in a rule`);
    const query = this.#expression(rule['expr'], fault);
    const own = this.#texts(rule['labels'], group, name, [...path, 'labels'], 'label');
    const base = {
      group,
      file: this.#document.path,
      line: this.#document.locate(path).line,
      labels: new Map([...common, ...(own ?? [])]),
    };
    const made = isAlert
      ? this.#alert(rule, name, group, path, base.labels, fault)
      : this.#record(rule, name, base.labels, fault);
    if (query === null || own === null || made === null) return null;
    return this.#problems.filter(({ kind }) => kind === 'fault').length > before ? null : { ...base, ...made, query };
  }

  #expression(expr: unknown, fault: (at: readonly PropertyKey[], message: string) => void): Query | null {
    const text = typeof expr === 'number' ? String(expr) : expr;
    if (typeof text !== 'string' || text.trim() === '') {
      fault(['expr'], 'a rule needs an expression');
      return null;
    }
    try {
      const query = parsePromql(text);
      if (query.type === 'vector' || query.type === 'scalar') return query;
      fault(['expr'], 'the expression gives no instant vector');
    } catch (error) {
      if (!(error instanceof AuspexError)) throw error;
      fault(['expr'], `${error.message.charAt(0).toLowerCase()}${error.message.slice(1).replace(/\.$/, '')}`);
    }
    return null;
  }

  #record(
    rule: Table,
    name: string,
    labels: ReadonlyMap<string, Template>,
    fault: (at: readonly PropertyKey[], message: string) => void,
  ): Pick<RecordingRule, 'kind' | 'name'> | null {
    if (!METRIC.test(name)) fault(['record'], `${name} is no name of a metric`);
    for (const key of ['for', 'keep_firing_for', 'annotations'])
      if (rule[key] !== undefined) fault([key], `${key} belongs to alerts, not to records`);
    for (const [label, { parts }] of labels)
      if (parts.some((part) => typeof part !== 'string'))
        fault(['labels', label], 'a record’s labels are no templates');
    return { kind: 'record', name };
  }

  #alert(
    rule: Table,
    alert: string,
    group: string,
    path: readonly PropertyKey[],
    labels: ReadonlyMap<string, Template>,
    fault: (at: readonly PropertyKey[], message: string) => void,
  ): Omit<AlertingRule, keyof RuleBase> | null {
    const [forMs, keepFiringMs] = ['for', 'keep_firing_for'].map((key) => {
      const duration = rule[key] === undefined ? 0 : this.#duration(rule[key]);
      if (duration === null) fault([key], `${key} is a duration such as 5m`);
      return duration;
    });
    const annotations = this.#texts(rule['annotations'], group, alert, [...path, 'annotations'], 'annotation');
    if (
      forMs === undefined ||
      forMs === null ||
      keepFiringMs === undefined ||
      keepFiringMs === null ||
      annotations === null
    )
      return null;
    const severity = labels.get('severity')?.parts ?? [];
    const text = severity.length === 1 && typeof severity[0] === 'string' ? severity[0] : '';
    const name = this.#ownName(alert, text);
    return { kind: 'alert', name, alert, forMs, keepFiringMs, annotations, severity: severityOfLabel(text) };
  }

  /** Two of one name, a warning and a critical one, are two rules. */
  #ownName(alert: string, severity: string): string {
    const takes = (name: string): boolean => {
      const count = this.#names.get(name) ?? 0;
      this.#names.set(name, count + 1);
      return count === 0;
    };
    if (takes(alert)) return alert;
    const bySeverity = severity === '' ? alert : `${alert} (${severity})`;
    if (bySeverity !== alert && takes(bySeverity)) return bySeverity;
    return `${bySeverity} #${this.#names.get(bySeverity)}`;
  }

  /** Labels or annotations; null where one is no text. */
  #texts(
    given: unknown,
    group: string,
    rule: string | null,
    path: readonly PropertyKey[],
    what: string,
  ): Map<string, Template> | null {
    const texts = new Map<string, Template>();
    if (given === undefined || given === null) return texts;
    if (!isTable(given)) {
      this.#say('fault', group, rule, path, `${what}s are a table of names and texts`);
      return null;
    }
    for (const [name, value] of Object.entries(given)) {
      if (!LABEL.test(name) || (what === 'label' && name === '__name__')) {
        this.#say('fault', group, rule, [...path, name], `${name} is no name of a ${what}`);
        return null;
      }
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
        this.#say('fault', group, rule, [...path, name], `the ${what} ${name} is no text`);
        return null;
      }
      const template = parseTemplate(String(value));
      for (const unknown of template.unknown)
        this.#say(
          'note',
          group,
          rule,
          [...path, name],
          `${unknown} is not understood and stays in the ${what} ${name} as text`,
        );
      texts.set(name, template);
    }
    return texts;
  }

  #duration(given: unknown): number | null {
    const ms = typeof given === 'string' ? durationOf(given) : given === 0 ? 0 : Number.NaN;
    return Number.isFinite(ms) && ms >= 0 ? ms : null;
  }
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
