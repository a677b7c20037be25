import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OperationId, problem, type Route, routes } from '../../../src/api/contract/index.ts';
import { everything } from '../../../src/model/index.ts';
import { rawRequest } from './raw-request.ts';
import { type Running, startServer } from './running-server.ts';
import { NOW } from './sample-engine.ts';

let running: Running;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());

const later = new Date(NOW + 86_400_000).toISOString();
/** A body that the operation takes; operations without one are called without. */
const bodies: Partial<Record<OperationId, unknown>> = {
  judgeAnomaly: { verdict: 'confirmed' },
  changeIncident: { kind: 'acknowledge' },
  recordChanges: { service: 'shop', to: '1.5.0' },
  addSilence: { endsAt: later, reason: 'Maintenance' },
  addCalendarEntry: { kind: 'maintenance', title: 'New disk', startsAt: new Date(NOW).toISOString(), endsAt: later },
  changeCalendarEntry: { kind: 'maintenance', title: 'New disk', startsAt: new Date(NOW).toISOString(), endsAt: later },
  trainModel: {},
  promoteModel: { entity: 'web-1', version: 1 },
  predictModel: { rows: [{ cpu: 0.5 }] },
  notifyRoute: { severity: 'high' },
  recordExecution: { job: 'backup', startedAt: new Date(NOW).toISOString(), durationMs: 5 },
  alertmanagerAlerts: { version: '4', alerts: [] },
  grafanaAlerts: { alerts: [] },
  enrolAgent: { machineId: 'm1', hostname: 'h1', version: '0.1.0', timeZone: 'UTC' },
  backup: {},
  addToken: { name: 'x', scope: 'read' },
  changeUser: { role: 'operator' },
  registerService: { name: 'orders' },
  changeService: { kind: 'rename', name: 'shop' },
  changeDependency: { kind: 'add', from: 'redis', to: 'shop' },
  tryRule: { expression: 'up == 0' },
  addObjective: { name: 'new', indicator: { kind: 'events', good: 'sum(a)', total: 'sum(b)' }, target: 0.99 },
  changeObjective: { name: 'shop-latency', service: 'shop', indicator: { kind: 'availability' }, target: 0.99 },
};
const paths: Partial<Record<OperationId, string>> = {
  entity: '/api/entities/web-1',
  performance: '/api/entities/web-1/performance',
  patterns: '/api/entities/host%3Aa/patterns',
  chart: '/api/chart?ref=1',
  chartBand: '/api/chart/band?ref=1',
  seriesScores: '/api/series/scores?ref=1',
  anomaly: '/api/anomalies/f1',
  judgeAnomaly: '/api/anomalies/f1/verdict',
  alert: '/api/alerts/a1',
  incident: '/api/incidents/i-disk',
  similarIncidents: '/api/incidents/i-disk/similar',
  changeIncident: '/api/incidents/i-disk',
  service: '/api/services/shop',
  changeService: '/api/services/shop',
  removeService: '/api/services/shop',
  removeSilence: '/api/silences/s1',
  changeCalendarEntry: '/api/calendar/c1',
  removeCalendarEntry: '/api/calendar/c1',
  importCalendar: '/api/calendar/import?kind=holiday',
  testChannel: '/api/channels/ops/test',
  model: '/api/models/performance',
  trainModel: '/api/models/performance/train',
  promoteModel: '/api/models/performance/promote',
  predictModel: '/api/models/performance/predict',
  removeToken: '/api/tokens/doomed',
  changeUser: '/api/users/anna',
  resetUser: '/api/users/anna/reset',
  exportRecords: '/api/export/records/anomalies',
  importRules: '/api/rules/import?name=shop&dryRun=true',
  removeImportedRules: '/api/rules/import/kept',
  changeObjective: '/api/objectives/made',
  removeObjective: '/api/objectives/made',
};

const principals = [
  'nobody',
  'ingest',
  'read',
  'operate',
  'approve',
  'admin',
  'session',
  'no csrf',
  'foreign origin',
  'foreign host',
  'wrong token',
  'proxied',
] as const;
type Who = (typeof principals)[number];

const allowed: Record<Route['access'], readonly Who[]> = {
  public: ['nobody', 'ingest', 'read', 'operate', 'approve', 'admin', 'session', 'no csrf', 'wrong token', 'proxied'],
  ingest: ['nobody', 'ingest', 'admin', 'session'],
  read: ['read', 'operate', 'approve', 'admin', 'session'],
  operate: ['operate', 'approve', 'admin', 'session'],
  approve: ['approve', 'admin', 'session'],
  admin: ['admin', 'session'],
};

function expectedStatus(route: Route, who: Who): number {
  if (who === 'foreign origin' || who === 'foreign host') return 403;
  if (who === 'no csrf' && route.access !== 'public') return route.method === 'GET' ? (route.status ?? 200) : 403;
  if (allowed[route.access].includes(who)) return route.status ?? 200;
  return who === 'nobody' || who === 'wrong token' || who === 'proxied' ? 401 : 403;
}

function headersOf(who: Who): Record<string, string> {
  const { tokens, session, port } = running;
  switch (who) {
    case 'nobody':
      return {};
    case 'session':
      return { cookie: session.cookie, 'x-csrf-token': session.csrf, origin: `http://127.0.0.1:${port}` };
    case 'no csrf':
      return { cookie: session.cookie };
    case 'foreign origin':
      return { cookie: session.cookie, 'x-csrf-token': session.csrf, origin: `http://127.0.0.1:${port + 1}` };
    case 'foreign host':
      return { authorization: `Bearer ${tokens.admin}`, host: 'evil.example' };
    case 'wrong token':
      return { authorization: `Bearer ausp_${'x'.repeat(43)}` };
    case 'proxied':
      return { 'x-forwarded-for': '203.0.113.9' };
    default:
      return { authorization: `Bearer ${tokens[who]}` };
  }
}

// What makes or ends sessions, and what answers by what was before, has tests of its own (test/integration/api/users.test.ts).
const apart = new Set<OperationId>([
  'signOut',
  'signOutEverywhere',
  'signIn',
  'claimAccount',
  'changePassword',
  'addUser',
]);
const operations = (Object.entries(routes) as [OperationId, Route][]).filter(([id]) => !apart.has(id));

test.each(operations)('%s answers each principal by the table', async (id, route) => {
  for (const who of principals) {
    const row = { kind: 'silence' as const, title: 'r', scope: everything, recurrence: null, timeZone: 'UTC', except: [], governs: [], startsAt: NOW, endsAt: NOW + 1, overAt: NOW + 1, reason: 'r', createdBy: 'o', createdAt: NOW }; // biome-ignore format: one row
    await running.records.put('calendar', [
      { ...row, id: 's1' },
      { ...row, id: 'c1' },
    ]);
    await running.engine.calendar.load();
    await running.records.put('tokens', [
      { id: 'doomed', name: 'd', hash: 'h', scope: 'read', createdAt: NOW, expiresAt: null, lastUsedAt: null },
    ]);
    await running.records.put('users', [
      { id: 'anna', role: 'viewer', passwordHash: null, createdAt: NOW, disabledAt: null, lastSignInAt: null },
    ]);
    const raw: Partial<Record<OperationId, string>> = {
      remoteWrite: 'x',
      importCalendar: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n',
    };
    const text = raw[id];
    const body = text === undefined ? bodies[id] : Buffer.from(text);
    const answer = await rawRequest(running.port, paths[id] ?? route.path, {
      method: route.method,
      headers: {
        ...headersOf(who),
        ...(body === undefined ? {} : { 'content-type': route.consumes ?? 'application/json' }),
      },
      ...(body === undefined ? {} : { body: Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
    });
    const expected = expectedStatus(route, who);
    expect(`${who}: ${answer.status}`, answer.text).toBe(`${who}: ${expected}`);
    if (answer.status >= 400) {
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(() => problem.parse(answer.json)).not.toThrow();
    } else if (route.response !== undefined) {
      expect(() => route.response?.parse(answer.json)).not.toThrow();
    }
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  }
});

test('signing out ends the session and clears the cookie', async () => {
  const { port, session } = running;
  const refused = await rawRequest(port, '/api/session', { method: 'DELETE', headers: { cookie: session.cookie } });
  expect(refused.status).toBe(403);
  const headers = { cookie: session.cookie, 'x-csrf-token': session.csrf };
  const done = await rawRequest(port, '/api/session', { method: 'DELETE', headers });
  expect(done.status).toBe(204);
  expect(String(done.headers['set-cookie'])).toContain('Max-Age=0');
  expect((await rawRequest(port, '/api/session', { headers })).status).toBe(401);
});
