import { leak } from '../faults/processes.ts';
import { fillDisk, fillInodes } from '../faults/storage.ts';
import { holdConnections } from '../faults/stores.ts';
import { traffic } from '../faults/traffic.ts';
import { HIGHEST_RATE } from '../load/shapes.ts';
import { STEADY_RATE } from '../probe/outside.ts';
import { MAX_CONNECTIONS } from '../stack/data.ts';
import { INSTANCE_MEMORY } from '../stack/plans.ts';
import { SPOOL_INODES, SPOOL_MB } from '../stack/spool.ts';
import type { Scenario } from './scenario.ts';

/* What runs short slowly, each within about so many minutes: for foresight, which no fault gives time for. */

export function rampScenarios(minutes: number): readonly Scenario[] {
  const seconds = minutes * 60;
  const failing = { see: 'failing', share: 0.2, seconds: 3, within: 2 * seconds } as const;
  const slow = { see: 'slow', ms: 700, seconds: 3, within: 2 * seconds } as const;
  return [
    {
      id: '41-ramp-load',
      title: 'clients come more and more',
      pace: 'slow',
      truth: { class: 'traffic-surge', severity: 'high', culprits: ['api-1', 'api-2'], fix: null },
      inject: [
        traffic('clients come more and more', {
          shape: 'surge',
          rate: STEADY_RATE,
          peak: HIGHEST_RATE,
          rampSeconds: seconds,
        }),
      ],
      shows: slow,
    },
    {
      id: '42-ramp-connections',
      title: 'a report takes one connection of the database after another',
      pace: 'slow',
      truth: { class: 'resource-limit', severity: 'high', culprits: ['postgres', 'report-builder'], fix: null },
      inject: [holdConnections((seconds * 1000) / MAX_CONNECTIONS)],
      shows: failing,
    },
    {
      id: '43-ramp-memory',
      title: 'an instance leaks memory slowly',
      pace: 'slow',
      truth: { class: 'memory-leak', severity: 'high', culprits: ['api-1'], fix: 'recycle' },
      inject: [leak('api-1', INSTANCE_MEMORY / 2 ** 20 / seconds)],
      shows: failing,
    },
    {
      id: '44-ramp-disk',
      title: 'a log fills the spool slowly',
      pace: 'slow',
      truth: { class: 'disk-full', severity: 'high', culprits: ['spool', 'debug-log'], fix: null },
      inject: [fillDisk((SPOOL_MB * 2 ** 20) / seconds)],
      shows: failing,
    },
    {
      id: '45-ramp-inodes',
      title: 'sessions use up the inodes slowly',
      pace: 'slow',
      truth: { class: 'disk-full', severity: 'high', culprits: ['spool', 'session-maker'], fix: null },
      inject: [fillInodes(5, (5 * seconds) / SPOOL_INODES)],
      shows: failing,
    },
  ];
}
