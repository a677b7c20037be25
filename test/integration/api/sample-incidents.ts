import { businessImpact } from '../../../src/decide/business-impact.ts';
import type { IncidentBusiness } from '../../../src/engine/incident-business.ts';
import type { Alert, Incident, IncidentSign } from '../../../src/model/index.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** An alert that fires and belongs to the first incident. */
export function sampleAlert(now: number, id = 'a1', more: Partial<Alert> = {}): Alert {
  return {
    id,
    rule: 'disk-full',
    kind: 'threshold',
    entityId: 'host:a',
    subject: '/',
    resource: 'disk',
    severity: 'high',
    state: 'firing',
    startedAt: now - 2 * MINUTE,
    firedAt: now - MINUTE,
    resolvedAt: null,
    lastAt: now,
    value: 0.97,
    limit: 0.95,
    unit: 'ratio',
    summary: '/ is 97 % full.',
    action: 'Free space on /.',
    findingId: null,
    suppressedBy: null,
    incidentId: 'i-disk',
    ...more,
  };
}

function sign(id: string, startedAt: number, more: Partial<IncidentSign> = {}): IncidentSign {
  return {
    id,
    kind: 'finding',
    entityId: 'host:a',
    resource: 'cpu',
    severity: 'high',
    startedAt,
    endedAt: null,
    summary: 'Load is 9, usually 0.5–2, since 1 min.',
    reason: '',
    ...more,
  };
}

function incident(id: string, startedAt: number, more: Partial<Incident>): Incident {
  return {
    id,
    title: 'Trouble',
    class: 'unknown',
    severity: 'high',
    state: 'open',
    startedAt,
    openedAt: startedAt + 20_000,
    lastAt: startedAt + MINUTE,
    resolvedAt: null,
    toldAt: null,
    leadAlertId: null,
    told: null,
    priority: null,
    acknowledgedAt: null,
    assignee: null,
    verdict: 'none',
    mergedInto: null,
    apartFrom: [],
    entityId: 'host:a',
    entityIds: ['host:a'],
    pinned: { class: false, severity: false },
    signs: [],
    causes: [],
    steps: [],
    ...more,
  };
}

/** One that is open and told, with causes and signs on two; one that is open and acknowledged; one that is over. */
export function sampleIncidents(now: number): readonly Incident[] {
  const began = now - 2 * MINUTE;
  return [
    incident('i-disk', began, {
      title: 'Disk full: / on web-1',
      class: 'disk-full',
      lastAt: now,
      toldAt: now - MINUTE,
      leadAlertId: 'a1',
      entityIds: ['host:a', 'service:b'],
      signs: [
        sign('a1', began, { kind: 'alert', resource: 'disk', summary: '/ is 97 % full.' }),
        sign('f1', now - MINUTE, {
          entityId: 'service:b',
          resource: 'errors',
          severity: 'medium',
          summary: 'Fails 12 % of requests, usually 0.',
          reason: 'shop runs on web-1, and it began 1 min after what was seen on web-1.',
        }),
      ],
      causes: [
        { name: '/ on web-1', entityId: 'host:a', score: 0.8, reasons: ['The file system is 97 % full.'] },
        { name: 'shop', entityId: 'service:b', score: 0.2, reasons: ['Requests that fail: 12 %, usually 0.'] },
      ],
      steps: [
        { at: began + 20_000, kind: 'opened', text: '/ is 97 % full.', by: null },
        { at: now - MINUTE, kind: 'told', text: 'People are told, since / is 97 % full.', by: null },
        { at: now - 50_000, kind: 'joined', text: 'Fails 12 % of requests, usually 0. shop runs on web-1.', by: null },
        { at: now - 40_000, kind: 'class', text: 'Disk full: The file system is 97 % full.', by: null },
      ],
    }),
    incident('i-load', now - 20 * MINUTE, {
      title: 'Load is 9, usually 0.5–2.',
      severity: 'medium',
      acknowledgedAt: now - 10 * MINUTE,
      assignee: 'anna',
      signs: [sign('f-load', now - 20 * MINUTE, { severity: 'medium' })],
      steps: [
        { at: now - 20 * MINUTE, kind: 'opened', text: 'Load is 9, usually 0.5–2.', by: null },
        { at: now - 10 * MINUTE, kind: 'acknowledged', text: 'Somebody is looking at it.', by: 'anna' },
        { at: now - 10 * MINUTE, kind: 'assigned', text: 'It is anna’s now.', by: 'anna' },
      ],
    }),
    incident('i-past', now - 26 * HOUR, {
      title: 'Disk full: / on web-1',
      class: 'disk-full',
      state: 'resolved',
      resolvedAt: now - 25 * HOUR,
      lastAt: now - 25 * HOUR,
      toldAt: now - 26 * HOUR + MINUTE,
      verdict: 'confirmed',
      signs: [
        sign('a-past', now - 26 * HOUR, {
          kind: 'alert',
          resource: 'disk',
          endedAt: now - 25 * HOUR,
          summary: '/ is 96 % full.',
        }),
      ],
      steps: [
        { at: now - 25 * HOUR, kind: 'resolved', text: 'Nothing of it is seen any more. It lasted 1 h.', by: null },
      ],
    }),
  ];
}

/** Orders that fell from 60 a minute to 12, in the ten minutes before now. */
export function sampleBusiness(now: number): IncidentBusiness {
  const values = Float64Array.from({ length: 70 }, (_, i) => (i < 60 ? 60 : 12));
  const of = { service: 'shop', metric: 'orders_total', kind: 'counter', unit: 'count' } as const;
  const impact = businessImpact(of, { stepMs: MINUTE, before: 60, values }, null);
  const items = [{ ...impact, serviceId: 'svc:shop', entityId: 'service:b' }];
  return { from: now - 10 * MINUTE, to: now, items, leftOut: 2 };
}
