import type { Config } from '../config/schema.ts';
import { duration } from '../config/values.ts';
import { compileAnomalyRule } from '../decide/anomaly-rules.ts';
import { compileForecastRule } from '../decide/forecast-rules.ts';
import type { RuleGroup } from '../decide/rules/rule-file.ts';
import { triedFileRule } from '../decide/rules/tried-rule.ts';
import { starterRules } from '../decide/starter-rules.ts';
import type { ThresholdRule } from '../decide/threshold-rules.ts';
import { type RuleTrial, tried } from '../decide/try-rule.ts';
import { compileUserRule } from '../decide/user-rules.ts';
import { AuspexError } from '../errors.ts';

const FIELDS = ['limit', 'for', 'hold', 'severity'] as const;
const SEVERITIES = ['medium', 'high', 'critical'] as const;

/** So many names are listed where one is wrong. */
const MOST_NAMED = 60;

type Trials = ReadonlyMap<string, RuleTrial | 'off'>;

export interface RulesToTry {
  readonly rules: readonly ThresholdRule[];
  /** Those of rule files. */
  readonly groups: readonly RuleGroup[];
}

/**
 * The rules of a configuration and of rule files with some of them tried otherwise: `RULE.limit=0.8`, `RULE.for=10m`, `RULE.hold=…`,
 * `RULE.severity=…`, `RULE=off`. @throws AuspexError BAD_REQUEST for a rule that there is not, or a value that is none.
 */
export function rulesToTry(
  alerts: Config['alerts'],
  settings: readonly string[],
  groups: readonly RuleGroup[] = [],
): RulesToTry {
  const names = [
    ...starterRules,
    ...alerts.rules,
    ...alerts.forecasts,
    ...alerts.anomalies,
    ...groups.flatMap(({ rules }) => rules.filter(({ kind }) => kind === 'alert')),
  ].map(({ name }) => name);
  const trials = trialsIn(settings, names);
  return { rules: ownRules(alerts, trials), groups: fileRules(groups, trials, settings) };
}

function trialsIn(settings: readonly string[], names: readonly string[]): Trials {
  const trials = new Map<string, RuleTrial | 'off'>();
  for (const setting of settings) {
    const { name, trial } = parsed(setting);
    if (!names.includes(name)) throw wrong(setting, `there is no rule "${name}". There are: ${listOf(names)}`);
    const before = trials.get(name);
    trials.set(name, trial === 'off' || before === 'off' ? 'off' : { ...before, ...trial });
  }
  return trials;
}

function listOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function fileRules(groups: readonly RuleGroup[], trials: Trials, settings: readonly string[]): readonly RuleGroup[] {
  return groups.map((group) => ({
    ...group,
    rules: group.rules.flatMap((rule) => {
      const trial = rule.kind === 'alert' ? trials.get(rule.name) : undefined;
      if (rule.kind === 'record' || trial === undefined) return [rule];
      if (trial === 'off') return [];
      const other = triedFileRule(rule, trial);
      if (other !== null) return [other];
      throw wrong(
        settings.find((one) => one.startsWith(`${rule.name}.limit=`)) ?? rule.name,
        `the expression of ${rule.name} (${rule.file}:${rule.line}) compares with no one number; change it in a copy of the file and name that by --rules`,
      );
    }),
  }));
}

function ownRules(alerts: Config['alerts'], trials: Trials): readonly ThresholdRule[] {
  // A rule that is switched off is tried where somebody sets something of it.
  const starters = starterRules.filter(({ name }) => alerts.starter[name] !== false || trials.has(name));
  const own = alerts.rules.map((rule) => {
    const trial = trials.get(rule.name);
    // Its words name the limit.
    return compileUserRule(trial === undefined || trial === 'off' ? rule : { ...rule, ...limitOf(trial) });
  });
  const foretold = alerts.forecasts.map(compileForecastRule);
  const asked = alerts.anomalies.map(compileAnomalyRule);
  return [...starters, ...own, ...foretold, ...asked].flatMap((rule) => {
    const trial = trials.get(rule.name);
    if (trial === 'off') return [];
    if (trial === undefined) return [rule];
    if (asked.includes(rule) && trial.limit !== undefined)
      throw wrong(`${rule.name}.limit=${trial.limit}`, `${rule.name} has no limit: what is usual is learnt`);
    const { limit: _, ...others } = trial;
    return [tried(rule, own.includes(rule) ? others : trial)];
  });
}

function limitOf({ limit }: RuleTrial): { limit?: number; clear?: null } {
  return limit === undefined ? {} : { limit, clear: null };
}

function parsed(setting: string): { readonly name: string; readonly trial: RuleTrial | 'off' } {
  const [key, value] = splitAt(setting, '=');
  const dot = key.lastIndexOf('.');
  const field = FIELDS.find((one) => one === key.slice(dot + 1));
  if (value === 'off' && dot < 0) return { name: key, trial: 'off' };
  if (dot < 0 || field === undefined || value === '')
    throw wrong(setting, `write RULE.${FIELDS.join('=…, RULE.')}=… or RULE=off`);
  return { name: key.slice(0, dot), trial: trialOf(setting, field, value) };
}

function trialOf(setting: string, field: (typeof FIELDS)[number], value: string): RuleTrial {
  if (field === 'limit') {
    const limit = Number(value);
    if (!Number.isFinite(limit)) throw wrong(setting, `"${value}" is no number`);
    return { limit };
  }
  if (field === 'severity') {
    const severity = SEVERITIES.find((one) => one === value);
    if (severity === undefined) throw wrong(setting, `a severity is ${SEVERITIES.join(', ')}`);
    return { severity };
  }
  const ms = duration('0s', '7d').safeParse(value);
  if (!ms.success) throw wrong(setting, `"${value}" is no duration up to 7d, such as 90s or 10m`);
  return field === 'for' ? { forMs: ms.data } : { holdMs: ms.data };
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function wrong(setting: string, why: string): AuspexError {
  return new AuspexError('BAD_REQUEST', `--set ${setting}: ${why}.`, { data: { field: 'set' } });
}
