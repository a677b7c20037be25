import type { FileRuleView } from '../../src/api/contract/index.ts';
import { duration } from './format.ts';

/** The group of rules that are made here: only these are changed here, since of others the page does not know all that their file says. */
const GROUP = 'made on the page';

export interface RuleDraft {
  readonly name: string;
  readonly expression: string;
  readonly forSeconds: number;
  readonly severity: 'medium' | 'high' | 'critical';
  readonly summary: string;
}

export const newRule: RuleDraft = { name: '', expression: '', forSeconds: 300, severity: 'high', summary: '' };

/** A rule file with this one alert. Its texts are quoted as in JSON, which YAML reads as they are. */
export function ruleFileOf({ name, expression, forSeconds, severity, summary }: RuleDraft): string {
  const lines = [
    'groups:',
    `  - name: ${GROUP}`,
    '    rules:',
    `      - alert: ${JSON.stringify(name)}`,
    `        expr: ${JSON.stringify(expression.trim())}`,
    `        for: ${forSeconds}s`,
    `        labels: {severity: ${severity}}`,
  ];
  if (summary.trim() !== '') lines.push(`        annotations: {summary: ${JSON.stringify(summary.trim())}}`);
  return `${lines.join('\n')}\n`;
}

export function draftOf({ file, expression, forSeconds, severity, summary }: FileRuleView): RuleDraft {
  return { name: file, expression, forSeconds, severity: severity ?? newRule.severity, summary };
}

/** What was imported under one name. */
export interface Import {
  readonly name: string;
  readonly rules: readonly FileRuleView[];
  readonly isMadeHere: boolean;
}

export function importsOf(rules: readonly FileRuleView[]): readonly Import[] {
  const byName = Map.groupBy(
    rules.filter(({ source }) => source === 'import'),
    ({ file }) => file,
  );
  return [...byName].map(([name, own]) => ({
    name,
    rules: own,
    isMadeHere: own.length === 1 && own[0]?.group === GROUP,
  }));
}

const usual = [0, 60, 300, 600, 900, 1800, 3600];

/** How long a condition may have to last, as choices; one that is chosen already is among them. */
export function lastingChoices(chosen: number): readonly (readonly [number, string])[] {
  const all = usual.includes(chosen) ? usual : [...usual, chosen].sort((a, b) => a - b);
  return all.map((seconds) => [seconds, seconds === 0 ? 'at once' : duration(seconds * 1000)]);
}
