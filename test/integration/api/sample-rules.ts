import type { ObjectivesPort, RulesPort } from '../../../src/api/http/ports.ts';
import { rulesIn } from '../../../src/compose-rules.ts';
import { objectiveStatus } from '../../../src/decide/objective-burn.ts';
import { ObjectiveCounts } from '../../../src/decide/objective-counts.ts';
import { indicatorQueries } from '../../../src/decide/objective-indicator.ts';
import { AuspexError } from '../../../src/errors.ts';
import type { Objective } from '../../../src/model/index.ts';
import { NOW } from './sample-engine.ts';

const DAY = 86_400_000;

export const sampleRules = (): RulesPort => {
  const { groups, problems } = rulesIn(
    `groups:
  - name: shop
    rules:
      - {alert: ShopDown, expr: up == 0, for: 5m, labels: {severity: critical}}
      - {record: "shop:up", expr: sum(up)}
      - {alert: Broken, expr: sum(}
`,
    '/etc/rules/shop.yaml',
  );
  const imported = new Map<string, ReturnType<typeof rulesIn>>();
  return {
    rules: () =>
      [...groups, ...[...imported.values()].flatMap((one) => one.groups)].flatMap(({ file, rules }) =>
        rules.map((rule) => ({
          rule,
          source: imported.has(file) ? 'import' : 'file',
          health: { state: 'ok', message: '', lastAt: NOW, durationMs: 1.5, series: 2, found: 1 },
        })),
      ),
    problems: () => problems,
    import: async (name, text, isDryRun) => {
      const parsed = rulesIn(text, name);
      if (!isDryRun && parsed.groups.length === 0) throw new AuspexError('FILE_INVALID', `${name} has no rules.`);
      if (!isDryRun) imported.set(name, parsed);
      return parsed;
    },
    // Stays, so that each caller finds it.
    remove: async (name) => {
      if (name !== 'kept' && !imported.has(name))
        throw new AuspexError('NOT_FOUND', `No rules were imported under the name “${name}”.`);
    },
    tryOut: async (_expression, _forMs, days) => ({
      from: NOW - days * DAY,
      to: NOW,
      alerts: [{ labels: ['instance', 'web-1'], firedAt: NOW - 3_600_000, resolvedAt: null }],
    }),
  };
};

export const sampleObjectives = (): ObjectivesPort => {
  const objectives: Objective[] = [
    {
      id: 'configured',
      name: 'shop',
      service: 'shop',
      indicator: { kind: 'availability' },
      target: 0.999,
      windowMs: 30 * DAY,
      createdBy: 'configuration',
      createdAt: 0,
    },
    {
      id: 'made',
      name: 'shop-latency',
      service: 'shop',
      indicator: { kind: 'latency', limitSeconds: 0.3 },
      target: 0.99,
      windowMs: 7 * DAY,
      createdBy: 'anna',
      createdAt: NOW - DAY,
    },
  ];
  const counts = new ObjectiveCounts(30 * DAY);
  for (let minute = 0; minute < 600; minute++) counts.add(NOW - minute * 60_000, 99, 100);
  const own = (id: string): number => {
    const place = objectives.findIndex((one) => one.id === id);
    if (place < 0) throw new AuspexError('NOT_FOUND', `There is no objective with the id “${id}”.`);
    if (place === 0)
      throw new AuspexError('CONFLICT', 'This objective stands in the configuration file; change it there.');
    return place;
  };
  return {
    list: () =>
      objectives.map((objective, i) => ({
        objective,
        status: objectiveStatus(objective, counts, NOW),
        entityId: 'service:b',
        fault: null,
        isConfigured: i === 0,
      })),
    add: async (given, by) => {
      indicatorQueries(given);
      const id = `made-${objectives.length}`;
      objectives.push({ ...given, id, createdBy: by, createdAt: NOW });
      return id;
    },
    change: async (id, given) => {
      const place = own(id);
      objectives[place] = { ...(objectives[place] as Objective), ...given };
    },
    remove: async (id) => void own(id),
  };
};
