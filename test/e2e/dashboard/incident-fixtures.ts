import type { z } from 'zod';
import type * as s from '../../../src/api/contract/index.ts';
import { incidentDetailToWire, incidentToWire, similarToWire } from '../../../src/api/http/wire.ts';
import { businessImpact, untold } from '../../../src/decide/business-impact.ts';
import { restoreIncidents } from '../../../src/decide/incident-book.ts';
import { changeIncident } from '../../../src/decide/incident-change.ts';
import { similarTo } from '../../../src/decide/incident-likeness.ts';
import type { IncidentBusiness } from '../../../src/engine/incident-business.ts';
import type {
  Incident,
  IncidentChange,
  IncidentSign,
  IncidentSnapshot,
  IncidentStep,
} from '../../../src/model/index.ts';

/* Incidents of the browser tests: changed by the real rules and told by the real border. */

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const DB = 'host:00000000';
const WEB = 'host:00000001';
const names: Readonly<Record<string, string>> = { [DB]: 'db-1', [WEB]: 'web-1' };
const nameOf = (id: string): string => names[id] ?? id;

export class Incidents {
  readonly #now: number;
  #all: readonly Incident[];

  constructor(now: number, isBusy: boolean) {
    this.#now = now;
    this.#all = isBusy ? made(now) : [];
  }

  list(query: URLSearchParams): z.infer<typeof s.incident>[] {
    const is = (name: string, value: string) => (query.get(name) ?? value) === value;
    const from = Date.parse(query.get('from') ?? '') || 0;
    return this.#all
      .filter((one) => is('state', one.state) && is('class', one.class) && is('entity', one.entityId))
      .filter((one) => one.lastAt >= from)
      .sort((a, b) => b.startedAt - a.startedAt)
      .slice(0, Number(query.get('limit') ?? 50))
      .map((one) => incidentToWire(one, nameOf));
  }

  one(id: string): z.infer<typeof s.incidentDetail> | undefined {
    const found = this.#all.find((one) => one.id === id);
    return found === undefined
      ? undefined
      : incidentDetailToWire(
          found,
          { snapshots: snapshotsOf(found), business: businessOf(found), messages: [] },
          nameOf,
        );
  }

  similar(id: string): z.infer<typeof s.similarIncident>[] | undefined {
    const found = this.#all.find((one) => one.id === id);
    if (found === undefined) return undefined;
    return similarTo(found, this.#all, 5).map((like) => similarToWire(like, nameOf));
  }

  change(id: string, change: IncidentChange): z.infer<typeof s.incidentDetail> | undefined {
    const changed = changeIncident(restoreIncidents(this.#all, this.#now), id, change, 'ann', this.#now);
    const ids = new Set(changed.map((one) => one.id));
    this.#all = [...changed, ...this.#all.filter((one) => !ids.has(one.id))];
    return this.one(id);
  }

  /** A new one that opens while the page is open. */
  open(id: string, title: string): z.infer<typeof s.incident> {
    const one = incident(id, this.#now - minute, {
      title,
      class: 'disk-full',
      entityId: WEB,
      entityIds: [WEB],
      signs: [sign(`${id}-sign`, this.#now - minute, { entityId: WEB, resource: 'disk', summary: title })],
    });
    this.#all = [one, ...this.#all];
    return incidentToWire(one, nameOf);
  }
}

function snapshotsOf({ id, openedAt }: Incident): readonly IncidentSnapshot[] {
  if (id !== 'i-cpu') return [];
  const sections = [
    { title: 'Changes before it', lines: ['ffmpeg 6.0 → 6.1 on db-1, 4 min before it began'] },
    { title: 'Most CPU on db-1', lines: ['ffmpeg (pid 4182): 3.70 cores, 612 MiB', 'postgres: 0.20 cores, 2.1 GiB'] },
    { title: 'Work waits on db-1', lines: ['for the processor 62 % of the time'] },
  ];
  return [{ at: openedAt, reason: 'opened', suspect: null, sections, summary: [] }];
}

/** Orders fall, sign-ups do not; of refunds nothing is known. */
function businessOf({ id, startedAt }: Incident): IncidentBusiness | null {
  if (id !== 'i-cpu') return null;
  const minutes = (during: number, usual: number) => ({
    stepMs: minute,
    before: 60,
    values: Float64Array.from({ length: 70 }, (_, i) => (i < 60 ? usual : during)),
  });
  const shop = { service: 'shop', kind: 'counter', unit: 'count' } as const;
  const at = { serviceId: 'svc:shop', entityId: WEB };
  const items = [
    { ...businessImpact({ ...shop, metric: 'orders_total' }, minutes(12, 61), null), ...at },
    {
      ...untold({ service: 'shop', metric: 'refunds_total' }, 'no figures of that name have come from it.'),
      ...at,
      entityId: null,
    },
    { ...businessImpact({ ...shop, metric: 'sign_ups_total' }, minutes(4, 4.1), null), ...at },
  ];
  return { from: startedAt, to: startedAt + 10 * minute, items, leftOut: 0 };
}

function sign(id: string, startedAt: number, more: Partial<IncidentSign>): IncidentSign {
  return {
    id,
    kind: 'finding',
    entityId: DB,
    resource: 'cpu',
    severity: 'medium',
    startedAt,
    endedAt: null,
    summary: '',
    reason: '',
    ...more,
  };
}

function step(at: number, kind: IncidentStep['kind'], text: string, by: string | null = null): IncidentStep {
  return { at, kind, text, by };
}

function incident(id: string, startedAt: number, more: Partial<Incident>): Incident {
  return {
    id,
    title: '',
    class: 'unknown',
    severity: 'high',
    state: 'open',
    startedAt,
    openedAt: startedAt + 20_000,
    lastAt: more.resolvedAt ?? startedAt + minute,
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
    entityId: DB,
    entityIds: [DB],
    pinned: { class: false, severity: false },
    signs: [],
    causes: [],
    steps: [],
    ...more,
  };
}

function made(now: number): readonly Incident[] {
  const ago = (minutes: number): number => now - minutes * minute;
  const cpuSigns = [
    sign('f-cpu', ago(11), {
      severity: 'critical',
      summary: 'db-1 uses 96 % of its CPU, usually 8–20 %; ffmpeg takes 3.7 of 4 cores.',
    }),
    sign('f-latency', ago(9.5), {
      entityId: WEB,
      resource: 'latency',
      severity: 'high',
      summary: 'shop on web-1 answers in 1.4 s, usually 90–140 ms.',
      reason: 'shop on web-1 calls db-1, and it began 1 min 30 s after what was seen on db-1.',
    }),
    sign('f-read', ago(9), {
      resource: 'disk-io',
      endedAt: ago(5),
      summary: 'db-1 reads 212 MiB/s from nvme0n1, usually up to 30 MiB/s.',
      reason: 'It is on db-1, which is part of this already.',
    }),
    sign('a-errors', ago(6), {
      kind: 'alert',
      entityId: WEB,
      resource: 'errors',
      severity: 'high',
      summary: 'shop on web-1 fails 4.1 % of requests, limit 1 %.',
      reason: 'It is on web-1, which is part of this already.',
    }),
  ];
  return [
    incident('i-cpu', ago(11), {
      title: 'CPU saturation: ffmpeg on db-1',
      class: 'cpu-saturation',
      severity: 'critical',
      lastAt: now,
      toldAt: ago(9),
      leadAlertId: 'a-cpu',
      entityIds: [DB, WEB],
      signs: cpuSigns,
      causes: [
        {
          name: 'ffmpeg on db-1',
          entityId: DB,
          score: 0.71,
          reasons: [
            'CPU of process group ffmpeg is 3.7 cores, there was none before.',
            'Time tasks waited for CPU is 62 %, usually 0–2 %.',
          ],
          counterfactual:
            'Without “CPU of process group ffmpeg is 3.7 cores, there was none before” db-1 would stand above it.',
          figures: [1, 2],
        },
        {
          name: 'db-1',
          entityId: DB,
          score: 0.21,
          reasons: ['Disk reads are 212 MiB/s, usually 0–30 MiB/s.'],
          counterfactual: 'With 3.4 times the evidence it would stand first.',
          figures: [3],
        },
        { name: 'shop on web-1', entityId: WEB, score: 0.08, reasons: ['Latency is 1.4 s, usually 90–140 ms.'] },
      ],
      steps: [
        step(ago(10.6), 'opened', cpuSigns[0]?.summary ?? ''),
        step(ago(9.3), 'joined', `${cpuSigns[1]?.summary} ${cpuSigns[1]?.reason}`),
        step(ago(9), 'told', 'People are told, since db-1 has no CPU left: 96 % for 2 min.'),
        step(ago(8.8), 'joined', `${cpuSigns[2]?.summary} ${cpuSigns[2]?.reason}`),
        step(
          ago(8.6),
          'class',
          'CPU saturation: Time tasks waited for CPU is 62 %, usually 0–2 %. CPU used is 96 %, usually 8–20 %.',
        ),
        step(
          ago(8.6),
          'cause',
          'Most likely behind it: ffmpeg on db-1. CPU of process group ffmpeg is 3.7 cores, there was none before.',
        ),
        step(ago(5.8), 'joined', `${cpuSigns[3]?.summary} ${cpuSigns[3]?.reason}`),
        step(ago(5.7), 'severity', 'critical now, was high.'),
      ],
    }),
    incident('i-disk', ago(190), {
      title: '/var on web-1 is 91 % full.',
      severity: 'medium',
      lastAt: now,
      acknowledgedAt: ago(170),
      assignee: 'ann',
      entityId: WEB,
      entityIds: [WEB],
      signs: [
        sign('a-disk', ago(190), {
          kind: 'alert',
          entityId: WEB,
          resource: 'disk',
          summary: '/var on web-1 is 91 % full.',
        }),
      ],
      steps: [
        step(ago(190), 'opened', '/var on web-1 is 91 % full.'),
        step(ago(170), 'acknowledged', 'Somebody is looking at it.', 'ann'),
        step(ago(170), 'assigned', 'It is ann’s now.', 'ann'),
      ],
    }),
    incident('i-net', now - 5 * hour, {
      title: 'Network trouble: network',
      class: 'network',
      state: 'resolved',
      resolvedAt: now - 5 * hour + 14 * minute,
      toldAt: now - 5 * hour + 2 * minute,
      verdict: 'dismissed',
      signs: [
        sign('f-retrans', now - 5 * hour, {
          resource: 'network',
          endedAt: now - 5 * hour + 9 * minute,
          summary: 'db-1 sends 41 TCP segments again a second, usually 0–3.',
        }),
      ],
      causes: [{ name: 'network', entityId: DB, score: 1, reasons: ['Segments sent again are 41/s, usually 0–3/s.'] }],
      steps: [step(now - 5 * hour, 'opened', 'db-1 sends 41 TCP segments again a second, usually 0–3.')],
    }),
    incident('i-old', now - 6 * day, {
      title: 'CPU saturation: ffmpeg on db-1',
      class: 'cpu-saturation',
      severity: 'critical',
      state: 'resolved',
      resolvedAt: now - 6 * day + 38 * minute,
      toldAt: now - 6 * day + 3 * minute,
      assignee: 'bob',
      verdict: 'confirmed',
      causes: [{ name: 'ffmpeg on db-1', entityId: DB, score: 0.8, reasons: [] }],
      signs: [
        sign('f-old', now - 6 * day, {
          severity: 'critical',
          endedAt: now - 6 * day + 33 * minute,
          summary: 'db-1 uses 97 % of its CPU, usually 8–20 %.',
        }),
      ],
      steps: [
        step(now - 6 * day + 20 * minute, 'noted', 'The nightly job ran by day. Its cron line is set right.', 'bob'),
        step(now - 6 * day + 38 * minute, 'resolved', 'Nothing of it is seen any more. It lasted 38 min.'),
      ],
    }),
  ];
}
