/* What the API sees of rules and objectives. */
export type { TriedAlert } from '../decide/rules/dry-run.ts';
export type { FileRule, ParsedRules, RuleProblem } from '../decide/rules/rule-file.ts';
export type { ObjectiveView } from './objective-keeper.ts';
export type { RuleHealth } from './rule-keeper.ts';
