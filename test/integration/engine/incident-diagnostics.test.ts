import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Observation } from '../../../src/decide/alert-book.ts';
import { AlertKeeper } from '../../../src/engine/alert-keeper.ts';
import { emptyCalendar, targetOf } from '../../../src/decide/calendar.ts';
import { ChangeKeeper } from '../../../src/engine/change-keeper.ts';
import { EntityRegistry } from '../../../src/engine/entity-registry.ts';
import { ErrorKeeper } from '../../../src/engine/error-keeper.ts';
import { EventRing } from '../../../src/engine/event-ring.ts';
import { HostBoard } from '../../../src/engine/host-board.ts';
import { snapshotsOf } from '../../../src/engine/incident-diagnostics.ts';
import type { IncidentEvidence } from '../../../src/engine/incident-evidence.ts';
import type { IncidentKeeper } from '../../../src/engine/incident-keeper.ts';
import { labelsFrom, type ServiceGraph } from '../../../src/model/index.ts';
import { openStores, type Stores } from '../../../src/store/open-stores.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { sampleObservation } from './sample-observation.ts';
import { incidentsWithEvidence } from './incidents-of.ts';

/* Incidents with a live graph of calls, changes, errors and figures, over real stores: shop on vm calls postgres. */

const MINUTE = 60_000;
const STEP = 10_000;
const START = Date.UTC(2026, 0, 5, 12);
/** When it begins. */
const ONSET = START + 60 * STEP;
const SHOP = 'target:shop@vm';
const POSTGRES = 'target:postgres@db';
let now = START;
let home = '';
let stores: Stores;
let registry: EntityRegistry;
let board: HostBoard;
let changes: ChangeKeeper;
let errors: ErrorKeeper;
let incidents: IncidentKeeper;
let evidence: IncidentEvidence;
let alerts: AlertKeeper;
const clock = { now: () => now, monotonic: () => now };

const graph: ServiceGraph = {
  serviceOf: (id) => (id === SHOP ? 's1' : id === POSTGRES ? 's2' : null),
  nameOf: (id) => (id === 's1' ? 'shop' : 'postgres'),
  entitiesOf: (id) => (id === 's1' ? [SHOP] : [POSTGRES]),
  dependencies: () => [{ from: 's1', to: 's2', origins: ['declared'], lastSeenAt: null }],
};

beforeEach(async () => {
  now = START;
  home = mkdtempSync(join(tmpdir(), 'auspex-diagnostics-'));
  registry = new EntityRegistry('UTC');
  stores = await openStores({
    home,
    limits: { series: 1000, quotaBytes: 2 ** 30, minFreeBytes: 0 },
    retention: { rawMs: 1e12, fiveMinuteMs: 1e12, hourMs: 1e12, recordsMs: 1e12 },
    fsync: false,
    clock,
    entityOf: (labels) => registry.idFor(labels, now),
  });
  const { records, metrics } = stores;
  const ring = new EventRing(100);
  board = new HostBoard(metrics.index);
  changes = new ChangeKeeper({ records, ring, clock, graph });
  errors = new ErrorKeeper({
    records,
    entityOf: (labels) => registry.idFor(labels, now),
    clock,
    log: createLogger('silent'),
  });
  ({ incidents, evidence } = incidentsWithEvidence({ records, metrics, ring, clock, registry, graph, changes, board }));
  const policy = { rules: [], channels: [{ name: 'ops', minSeverity: 'medium' as const }] };
  const governance = { calendar: emptyCalendar, targetOf: (id: string) => targetOf(undefined, id) };
  alerts = new AlertKeeper({ records, ring, clock, incidents, governance, policy });
  await alerts.load();
});
afterEach(async () => {
  await errors.close();
  await stores.close();
  rmSync(home, { recursive: true, force: true });
});

/** A line a series: `metric{label="value"}`, and its value at a step. */
async function feed(
  from: number,
  to: number,
  series: Readonly<Record<string, (step: number) => number>>,
): Promise<void> {
  const refs = Object.keys(series).map((name) => {
    const [, metric = '', labels = ''] = /^([^{]+)\{(.*)\}$/.exec(name) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value] as const);
    const ref = stores.metrics.index.resolve(labelsFrom([['__name__', metric], ...pairs]), 'gauge');
    const one = stores.metrics.index.get(ref);
    if (one !== undefined) {
      board.watch(one);
      evidence.watch(one);
    }
    return ref;
  });
  for (let step = from; step < to; step++) {
    const batch = {
      count: refs.length,
      refs: Uint32Array.from(refs),
      times: Float64Array.from(refs, () => START + step * STEP),
      values: Float64Array.from(Object.values(series), (value) => value(step)),
    };
    await stores.metrics.append(batch);
    board.take(batch);
  }
  now = START + (to - 1) * STEP + 1;
}

const alert = (rule: string, entityId: string): Observation =>
  sampleObservation(rule, ONSET, { entityId, resource: 'latency' });

/** What begins in step 60. */
const since = (before: number, after: number) => (step: number) =>
  (step < 60 ? before : after) * (1 + 0.01 * ((step * 7) % 5));
const of = (job: string, instance: string) => `{instance="${instance}",job="${job}"}`;
const figures = (postgres: number) => ({
  [`auspex_service_request_rate${of('shop', 'vm')}`]: since(20, 20),
  [`auspex_service_latency_seconds${of('shop', 'vm')}`]: since(0.02, 0.3),
  [`auspex_service_request_rate${of('postgres', 'db')}`]: since(20, 20),
  [`auspex_service_latency_seconds${of('postgres', 'db')}`]: since(0.01, postgres),
  'auspex_host_disk_ratio{instance="vm",mountpoint="/var"}': since(0.93, 0.93),
  'auspex_host_pressure_cpu_ratio{instance="vm"}': since(0.02, 0.4),
  'auspex_host_process_group_cpu_cores{instance="vm",groupname="shop"}': since(0.5, 1.5),
});

test('as it opens what was going on is gathered: in the first message, and kept with the errors', async () => {
  await feed(0, 66, figures(0.01));
  await changes.record([
    {
      at: ONSET - 2 * MINUTE,
      kind: 'deployment',
      entityId: null,
      service: 'shop',
      what: 'shop',
      from: '1.4.0',
      to: '1.5.0',
      by: 'ci',
      source: 'api',
      url: null,
    },
    {
      at: ONSET - MINUTE,
      kind: 'flag',
      entityId: null,
      service: 'news',
      what: 'elsewhere',
      from: null,
      to: null,
      by: null,
      source: 'api',
      url: null,
    },
  ]);
  alerts.observe([alert('shop-slow', SHOP)]);
  await alerts.flush();
  const [message] = (await stores.records.find('notifications', { limit: 5 })).rows;
  expect(message?.body).toMatch(
    /Gathered at 2026-01-05 12:10:50 UTC:\nChanged: shop 1\.4\.0 → 1\.5\.0, by ci, 2 min before it began\.\nvm: \/var is 9\d % full\.\nvm: for the processor 4\d % of the time\.\nSince/,
  );

  errors.take([
    {
      at: now,
      labels: labelsFrom([
        ['job', 'shop'],
        ['instance', 'vm'],
      ]),
      component: '',
      type: 'TypeError',
      message: 'x is undefined',
      code: '',
      stack: '',
    },
  ]);
  await errors.flush();
  await incidents.review();
  alerts.observe([alert('shop-slow', SHOP)]);
  await alerts.flush();
  const [incident] = incidents.open();
  expect(incident).toMatchObject({ class: 'bad-deployment' });
  expect(incident?.causes[0]).toMatchObject({ entityId: SHOP });
  expect(incident?.causes[0]?.reasons.join(' ')).toMatch(
    /shop 1\.4\.0 → 1\.5\.0, by ci\..*New since it began: TypeError: x is undefined/,
  );
  expect(incident?.causes[0]?.counterfactual).toBe('Nothing else around shows evidence of its own.');
  expect(incident?.causes[0]?.figures?.map((ref) => stores.metrics.index.get(ref)?.entityId)).toEqual([SHOP]);
  const [snapshot, ...others] = await snapshotsOf(stores.records, incident?.id ?? '');
  expect(others).toEqual([]);
  expect(snapshot).toMatchObject({ at: now, reason: 'opened' });
  expect(Object.fromEntries(snapshot?.sections.map(({ title, lines }) => [title, lines[0]]) ?? [])).toMatchObject({
    'Changes before it': 'shop 1.4.0 → 1.5.0, by ci, 2 min before it began',
    Errors: 'TypeError: x is undefined (new, 1 in all)',
    'Most CPU on vm': expect.stringMatching(/^shop: 1\.5\d cores/),
  });
});

test('who is called and slow itself is behind it, and joins with the reason; one more snapshot when the suspect is another', async () => {
  await feed(0, 62, figures(0.01));
  alerts.observe([alert('shop-slow', SHOP)]);
  await incidents.review();
  expect(incidents.open()[0]?.causes[0]).toMatchObject({ entityId: SHOP });
  // From then on postgres shows that it takes most of that time.
  await feed(62, 90, figures(0.28));
  alerts.observe([alert('shop-slow', SHOP), alert('postgres-slow', POSTGRES)]);
  await incidents.review();
  await incidents.review();
  const [incident, ...more] = incidents.open();
  expect(more).toEqual([]);
  expect(incident?.signs.map(({ reason }) => reason)).toEqual([
    '',
    'shop calls postgres, and shop on vm is in trouble since 12:10 UTC; this began together with what was seen on shop on vm.',
  ]);
  expect(incident?.causes[0]).toMatchObject({ entityId: POSTGRES });
  expect(incident?.causes[0]?.reasons[0]).toMatch(
    /^shop calls it.*\. It holds \d+ % of the additional time of shop itself/,
  );
  expect(incident?.causes[1]?.counterfactual).not.toBe('');
  const kept = await snapshotsOf(stores.records, incident?.id ?? '');
  expect(kept.map(({ reason, suspect }) => [reason, suspect])).toEqual([
    ['opened', 'shop on vm'],
    ['suspect', 'postgres on db'],
  ]);
});
