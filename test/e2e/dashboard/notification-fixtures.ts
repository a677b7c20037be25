import type { OperationOutput } from '../../../src/api/contract/index.ts';

const minute = 60_000;
const day = 86_400_000;
interface Now {
  readonly now: number;
  readonly busySince: number | null;
}
const ago = ({ now }: Now, ms: number): string => new Date(now - ms).toISOString();

type Channel = OperationOutput<'channels'>['items'][number];
const mail = (w: Now): Channel => ({
  name: 'ops-mail',
  kind: 'email',
  target: 'ops@example.org',
  minSeverity: 'medium',
  changes: false,
  delivered: 41,
  waiting: 0,
  givenUp: 0,
  lastError: null,
  failingSinceAt: null,
  waitingSinceAt: null,
  lastDeliveredAt: ago(w, 40 * minute),
});

/** Who is told: all well, or with a chat that takes nothing while there is trouble. */
export const notificationAnswers = {
  channels: (w: Now): OperationOutput<'channels'> => ({
    items: [
      mail(w),
      {
        ...mail(w),
        name: 'chat',
        kind: 'webhook',
        target: 'https://chat.example.org/hooks/…',
        delivered: 12,
        waiting: w.busySince === null ? 0 : 1,
        lastError: w.busySince === null ? null : 'HTTP 502',
        failingSinceAt: w.busySince === null ? null : ago(w, 9 * minute),
        waitingSinceAt: w.busySince === null ? null : ago(w, 9 * minute),
        lastDeliveredAt: ago(w, 3 * day),
      },
      {
        ...mail(w),
        name: 'pager',
        kind: 'pagerduty',
        target: 'https://events.pagerduty.com/…',
        minSeverity: 'critical',
        changes: true,
        delivered: 2,
      },
    ],
  }),
  notifyPlan: (): OperationOutput<'notifyPlan'> => ({
    receivers: [
      {
        name: 'team',
        to: ['ops-mail', 'chat'],
        quiet: [{ days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'], from: '22:00', to: '07:00' }],
        timeZone: 'Europe/Berlin',
      },
    ],
    routes: [
      {
        name: 'wake',
        severity: ['critical'],
        class: [],
        kind: [],
        service: ['shop'],
        entity: [],
        match: ['env=prod'],
        hours: [],
        timeZone: 'Europe/Berlin',
        to: ['pager'],
        continue: true,
        escalation: 'night',
      },
      {
        name: 'rest',
        severity: [],
        class: [],
        kind: [],
        service: [],
        entity: [],
        match: [],
        hours: [],
        timeZone: 'Europe/Berlin',
        to: ['team'],
        continue: false,
        escalation: null,
      },
    ],
    escalations: [{ name: 'night', steps: [{ afterSeconds: 600, to: ['team'] }], repeat: 2 }],
  }),
  notifyRoute: (w: Now): OperationOutput<'notifyRoute'> => ({
    at: ago(w, 0),
    severity: 'critical',
    targets: [
      { channel: 'pager', receiver: 'pager', route: 'wake', quietUntilAt: null },
      { channel: 'ops-mail', receiver: 'team', route: 'rest', quietUntilAt: null },
      { channel: 'chat', receiver: 'team', route: 'rest', quietUntilAt: null },
    ],
    looked: [
      { route: 'wake', holds: true, reason: 'Everything that it asks for holds.' },
      { route: 'rest', holds: true, reason: 'Everything that it asks for holds.' },
    ],
    left: [],
    escalation: 'night',
    steps: [{ afterSeconds: 600, to: ['team'] }],
  }),
  notifications: (w: Now, _p: unknown, q: URLSearchParams): OperationOutput<'notifications'> => {
    const base = {
      kind: 'firing',
      incidentId: 'i-1',
      channel: 'ops-mail',
      receiver: 'team',
      title: 'high: CPU saturation: ffmpeg on db-1',
      severity: 'high',
      createdAt: ago(w, 9 * minute),
      state: 'delivered',
      tries: 1,
      nextTryAt: ago(w, 8 * minute),
      keptUntilAt: null,
      lastError: null,
      deliveredAt: ago(w, 9 * minute),
    } as const;
    const waits = {
      ...base,
      id: 'n-chat',
      channel: 'chat',
      state: 'waiting',
      tries: 7,
      lastError: 'HTTP 502',
      nextTryAt: ago(w, -minute),
      deliveredAt: null,
    } as const;
    const items =
      w.busySince === null ? [{ ...base, id: 'n-old', createdAt: ago(w, day) }] : [waits, { ...base, id: 'n-mail' }];
    return { items: items.filter(({ state }) => state === (q.get('state') ?? state)), nextCursor: null };
  },
  detectorPrecision: (): OperationOutput<'detectorPrecision'> => ({
    items: [
      {
        source: 'metric',
        confirmed: 7,
        dismissed: 2,
        value: 8 / 11,
        lower: 0.55,
        upper: 0.88,
        sentence: 'Of 9 that people judged 7 were trouble: 73 % of the next ones, 55–88 % with 80 % certainty.',
      },
    ],
  }),
};
