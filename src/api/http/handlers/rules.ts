import { AuspexError } from '../../../errors.ts';
import { labelPairs } from '../../../model/index.ts';
import type { ObjectiveView, RuleProblem } from '../../../engine/rules-view.ts';
import type { OperationInput, OperationOutput } from '../../contract/index.ts';
import { actor, type Handlers } from '../handlers.ts';
import { namesFor } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';

type Tag =
  | 'rules'
  | 'importRules'
  | 'removeImportedRules'
  | 'tryRule'
  | 'objectives'
  | 'addObjective'
  | 'changeObjective'
  | 'removeObjective';

const DAY = 86_400_000;
const SHOWN_ALERTS = 100;

export function ruleHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  return { ...fileRuleHandlers(parts), ...objectiveHandlers(parts) };
}

function fileRuleHandlers({
  rules,
}: ServerParts): Pick<Handlers, 'rules' | 'importRules' | 'removeImportedRules' | 'tryRule'> {
  return {
    rules: async () => ({
      items: rules.rules().map(({ rule, source, health }) => ({
        name: rule.name,
        kind: rule.kind,
        source,
        group: rule.group,
        file: rule.file,
        line: rule.line,
        expression: rule.query.text,
        forSeconds: rule.kind === 'alert' ? rule.forMs / 1000 : 0,
        summary: rule.kind === 'alert' ? (rule.annotations.get('summary')?.text ?? '') : '',
        severity: rule.kind === 'alert' ? rule.severity : null,
        state: health.state,
        message: health.message,
        lastEvaluatedAt: isoOrNull(health.lastAt),
        durationMs: health.durationMs,
        series: health.series,
        found: health.found,
      })),
      problems: rules.problems().map(problemToWire),
    }),
    importRules: async ({ query }, { rawBody }) => {
      const isDryRun = query.dryRun === 'true';
      const { groups, problems } = await rules.import(query.name, textOf(rawBody), isDryRun);
      return {
        name: query.name,
        kept: !isDryRun,
        groups: groups.map((group) => ({
          name: group.name,
          intervalSeconds: group.intervalMs / 1000,
          rules: group.rules.map((rule) => ({
            name: rule.name,
            kind: rule.kind,
            severity: rule.kind === 'alert' ? rule.severity : null,
          })),
        })),
        problems: problems.map(problemToWire),
      };
    },
    removeImportedRules: async ({ params }) => {
      await rules.remove(params.name);
      return undefined;
    },
    tryRule: async ({ body }) => {
      const { from, to, alerts } = await rules.tryOut(body.expression, body.forSeconds * 1000, body.days);
      return {
        from: iso(from),
        to: iso(to),
        fired: alerts.length,
        alerts: alerts.slice(0, SHOWN_ALERTS).map(({ labels, firedAt, resolvedAt }) => ({
          labels: Object.fromEntries(labelPairs(labels)),
          firedAt: iso(firedAt),
          resolvedAt: isoOrNull(resolvedAt),
        })),
      };
    },
  };
}

function objectiveHandlers(
  parts: ServerParts,
): Pick<Handlers, 'objectives' | 'addObjective' | 'changeObjective' | 'removeObjective'> {
  const { objectives } = parts;
  const one = async (id: string): Promise<OperationOutput<'addObjective'>> => {
    const [found] = await objectivesToWire(parts, (view) => view.objective.id === id);
    if (found === undefined) throw new AuspexError('NOT_FOUND', `There is no objective with the id “${id}”.`);
    return found;
  };
  return {
    objectives: async () => ({ items: await objectivesToWire(parts, () => true) }),
    addObjective: async ({ body }, context) => one(await objectives.add(givenBy(body), actor(context))),
    changeObjective: async ({ params, body }) => {
      await objectives.change(params.id, givenBy(body));
      return one(params.id);
    },
    removeObjective: async ({ params }) => {
      await objectives.remove(params.id);
      return undefined;
    },
  };
}

function givenBy({ name, service, indicator, target, windowDays }: OperationInput<'addObjective'>['body']) {
  return { name, service, indicator, target, windowMs: windowDays * DAY };
}

async function objectivesToWire(
  parts: ServerParts,
  isWanted: (view: ObjectiveView) => boolean,
): Promise<OperationOutput<'objectives'>['items']> {
  const views = parts.objectives.list().filter(isWanted);
  const nameOf = await namesFor(parts, new Set(views.map(({ entityId }) => entityId)));
  return views.map(({ objective, status, entityId, fault, isConfigured }) => ({
    id: objective.id,
    name: objective.name,
    service: objective.service,
    indicator: objective.indicator,
    target: objective.target,
    windowDays: objective.windowMs / DAY,
    source: isConfigured ? 'configuration' : 'api',
    createdBy: objective.createdBy,
    entityId,
    entityName: nameOf(entityId),
    achieved: status.achieved,
    good: status.good,
    total: status.total,
    budgetLeft: status.budgetLeft,
    historySeconds: status.historyMs / 1000,
    burns: status.burns.map(({ windowMs, rate }) => ({ windowSeconds: windowMs / 1000, rate })),
    spentInSeconds: status.spentInMs === null ? null : status.spentInMs / 1000,
    fault,
  }));
}

function problemToWire({ kind, file, line, group, rule, message }: RuleProblem) {
  return { kind, file, line, group, rule, message };
}

function textOf(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new AuspexError('BAD_ENCODING', 'The rules are no UTF-8 text.');
  }
}

const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));
