export * from './calendar.ts';
export * from './notification.ts';
export * from './routes.ts';
export type { FileRuleView, ObjectiveItem, RuleProblemView } from './rules.ts';
export * from './schemas.ts';
export * from './services.ts';
