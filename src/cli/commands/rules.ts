import { readFile } from 'node:fs/promises';
import type { Client } from '../../api/client.ts';
import type { FileRuleView, ObjectiveItem } from '../../api/contract/index.ts';
import { rulesIn } from '../../compose-rules.ts';
import type { RuleProblem } from '../../decide/rules/rule-file.ts';
import { AuspexError } from '../../errors.ts';
import { formatDuration, formatNumber, formatValue } from '../../model/index.ts';
import { exitCodes, formatTime, type Output, paint, severityMark, table } from '../output.ts';

/** `auspex rules`: the rules of files and how each fares, then the others in force; exit 1 when one of a file does not run or is slow. */
export async function listRules(client: Client, output: Output): Promise<number> {
  const answer = await client.call('rules');
  const { items, problems } = answer;
  const others = (await client.call('alertRules')).items;
  output.data({ ...answer, others }, () => {
    if (items.length === 0)
      output.print('No rule file is read. Name them under alerts.ruleFiles in the configuration.');
    else
      output.print(
        table(
          ['RULE', 'SEVERITY', 'STATE', 'EVALUATED', 'FROM'],
          items.map((rule) => [
            rule.name,
            rule.severity === null ? '–' : severityMark(output, rule.severity),
            stateText(rule),
            formatTime(rule.lastEvaluatedAt),
            `${rule.file}:${rule.line}`,
          ]),
        ),
      );
    if (problems.length > 0) output.print(`\n${problems.map(problemLine).join('\n')}`);
    const rows = others.map(({ name, severity, enabled, condition, source }) => [
      name,
      severityMark(output, severity),
      enabled ? 'on' : 'switched off',
      source === 'starter' ? 'starter set' : 'configuration',
      condition,
    ]);
    output.print(`\n${table(['RULE', 'SEVERITY', 'STATE', 'FROM', 'CONDITION'], rows)}`);
  });
  const isBad =
    problems.some(({ kind }) => kind === 'fault') || items.some(({ state }) => state === 'failed' || state === 'slow');
  return isBad ? exitCodes.findings : exitCodes.fine;
}

function stateText({ state, message, kind, found }: FileRuleView): string {
  if (state === 'ok')
    return kind === 'record' ? `writes ${found} series` : found === 0 ? 'holds nowhere' : `holds for ${found}`;
  return message === '' ? state : `${state}: ${message}`;
}

/** Where it is, and what. */
export function problemLine({
  file,
  line,
  group,
  rule,
  kind,
  message,
}: Omit<RuleProblem, 'kind'> & { kind: string }): string {
  const place = [group, rule].filter((one) => one !== null).join(', ');
  return `${file}:${line}: ${kind === 'note' ? 'note: ' : ''}${place === '' ? '' : `${place}: `}${message}`;
}

/** `auspex rules check FILE …`: what is wrong in rule files; exit 1 when a rule of them would not run. No server is needed. */
export async function checkRules(output: Output, files: readonly string[]): Promise<number> {
  const checked: { file: string; rules: number; groups: number; problems: readonly RuleProblem[] }[] = [];
  for (const file of files) {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AuspexError('FILE_FAILED', `${file} cannot be read: ${reason}.`, { cause });
    }
    const { groups, problems } = rulesIn(text, file);
    checked.push({
      file,
      rules: groups.reduce((sum, group) => sum + group.rules.length, 0),
      groups: groups.length,
      problems,
    });
  }
  const isBad = checked.some(({ problems }) => problems.some(({ kind }) => kind === 'fault'));
  output.data({ files: checked }, () => {
    for (const { file, rules, groups, problems } of checked) {
      for (const problem of problems) output.print(problemLine(problem));
      output.print(`${file}: ${rules} rules in ${groups} groups can run`);
    }
  });
  return isBad ? exitCodes.findings : exitCodes.fine;
}

/** `auspex objectives`: what services owe, and what of the budgets is left; exit 1 when one is spent. */
export async function listObjectives(client: Client, output: Output): Promise<number> {
  const answer = await client.call('objectives');
  const { items } = answer;
  output.data(answer, () => {
    if (items.length === 0) output.print('No objective is set. Write one under objectives in the configuration.');
    else
      output.print(
        table(
          ['OBJECTIVE', 'SERVICE', 'TARGET', 'ACHIEVED', 'BUDGET LEFT', 'PACE 1 H', 'SPENT IN'],
          items.map((one) => objectiveRow(one, output)),
        ),
      );
    for (const { name, fault } of items)
      if (fault !== null) output.print(`${name} was not counted the last time: ${fault}`);
  });
  return items.some(({ budgetLeft }) => budgetLeft !== null && budgetLeft <= 0) ? exitCodes.findings : exitCodes.fine;
}

function objectiveRow(one: ObjectiveItem, output: Output): string[] {
  const pace = one.burns.find(({ windowSeconds }) => windowSeconds === 3600)?.rate ?? null;
  const left = formatValue(one.budgetLeft, 'ratio');
  const isSpent = one.budgetLeft !== null && one.budgetLeft <= 0;
  return [
    one.name,
    one.entityName,
    `${Number((one.target * 100).toPrecision(7))} %`,
    one.achieved === null ? '–' : `${(one.achieved * 100).toFixed(3)} %`,
    isSpent ? paint(output, 'high', left) : left,
    pace === null ? '–' : formatNumber(pace),
    isSpent ? 'spent' : one.spentInSeconds === null ? 'lasts' : formatDuration(one.spentInSeconds * 1000),
  ];
}
