import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { rawRequest } from './raw-request.ts';
import { type Running, startServer } from './running-server.ts';

/* The bodies that Alertmanager and Grafana send, at the border: what is read of them, and what is refused and why. */

let running: Running;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());
beforeEach(() => void running.engine.reported.splice(0));

const alert = {
  status: 'firing',
  labels: { alertname: 'HighMemory', severity: 'warning', instance: 'web-1:9100' },
  annotations: { summary: 'Memory is low' },
  startsAt: '2026-05-31T09:51:03.157076123+02:00',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus.example/graph',
  fingerprint: 'c6eadffa33fcdf37',
};
const alertmanagerBody = {
  receiver: 'auspex',
  status: 'firing',
  alerts: [alert, { ...alert, status: 'resolved', endsAt: '2026-05-31T08:00:00.000Z' }],
  groupLabels: { alertname: 'HighMemory' },
  commonLabels: alert.labels,
  commonAnnotations: alert.annotations,
  externalURL: 'http://alertmanager.example',
  version: '4',
  groupKey: '{}:{alertname="HighMemory"}',
  truncatedAlerts: 2,
};
const grafanaBody = {
  receiver: 'auspex',
  status: 'firing',
  orgId: 1,
  alerts: [
    {
      ...alert,
      silenceURL: 'https://grafana.example/alerting/silence/new',
      dashboardURL: '',
      panelURL: '',
      values: { B: 44.2, C: 1 },
      valueString: '[ var=B ]',
    },
  ],
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: 'https://grafana.example/',
  version: '1',
  groupKey: '{}:{}',
  truncatedAlerts: 0,
  title: '[FIRING:1]',
  state: 'alerting',
  message: '**Firing**',
};

const post = (path: string, body: unknown) =>
  rawRequest(running.port, path, {
    method: 'POST',
    headers: { authorization: `Bearer ${running.tokens.ingest}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

test('Alertmanager’s body is read; what the sender left out is counted', async () => {
  const answer = await post('/api/alerts/alertmanager', alertmanagerBody);
  expect(answer).toMatchObject({ status: 200, json: { taken: 2, leftOut: 2 } });
  expect(running.engine.reported).toEqual([
    {
      status: 'firing',
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: Date.UTC(2026, 4, 31, 7, 51, 3, 157),
      endsAt: null,
      generatorUrl: 'http://prometheus.example/graph',
      fingerprint: 'c6eadffa33fcdf37',
    },
    expect.objectContaining({ status: 'resolved', endsAt: Date.UTC(2026, 4, 31, 8) }),
  ]);
});

test('Grafana’s body is read', async () => {
  const answer = await post('/api/alerts/grafana', grafanaBody);
  expect(answer).toMatchObject({ status: 200, json: { taken: 1, leftOut: 0 } });
  expect(running.engine.reported).toMatchObject([{ status: 'firing', fingerprint: 'c6eadffa33fcdf37' }]);
});

const withAlert = (more: object) => ({ ...alertmanagerBody, alerts: [{ ...alert, ...more }] });

test.each([
  ['no JSON', '{"alerts":', 'not valid JSON'],
  ['a list', [], 'body: Invalid input: expected object'],
  ['no version', { alerts: [] }, 'body.version'],
  ['another version', { version: '3', alerts: [] }, 'body.version: Invalid input: expected "4"'],
  ['Grafana’s body', grafanaBody, 'body.version: Invalid input: expected "4"'],
  ['no alerts', { version: '4' }, 'body.alerts'],
  [
    'too many alerts',
    { version: '4', alerts: Array.from({ length: 20_001 }, () => ({ ...alert, labels: {} })) },
    'body.alerts: at most 20000',
  ],
  ['an unknown status', withAlert({ status: 'suppressed' }), 'body.alerts.0.status'],
  ['a label that is no text', withAlert({ labels: { a: 1 } }), 'body.alerts.0.labels.a'],
  [
    'too many labels',
    withAlert({ labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, 'x'])) }),
    'body.alerts.0.labels: more than 64 labels',
  ],
  ['a label that is too long', withAlert({ labels: { a: 'x'.repeat(4097) } }), 'body.alerts.0.labels.a'],
  ['a time that is none', withAlert({ startsAt: 'yesterday' }), 'body.alerts.0.startsAt: not an ISO 8601 time'],
  ['a fingerprint that is none', withAlert({ fingerprint: 'a b' }), 'body.alerts.0.fingerprint'],
] as const)('%s is refused with the reason, and nothing of it is taken', async (_, body, words) => {
  const answer = await post('/api/alerts/alertmanager', body);
  expect(answer).toMatchObject({ status: 400, json: { code: 'BAD_REQUEST' } });
  expect((answer.json as { detail: string }).detail).toContain(words);
  expect(running.engine.reported).toEqual([]);
});

test('a body beyond the limit of bodies is refused', async () => {
  const answer = await post('/api/alerts/grafana', withAlert({ annotations: { a: 'x'.repeat(17_000_000) } }));
  expect(answer).toMatchObject({ status: 413, json: { code: 'TOO_LARGE' } });
});

test('a token that only reads may not send', async () => {
  const answer = await rawRequest(running.port, '/api/alerts/grafana', {
    method: 'POST',
    headers: { authorization: `Bearer ${running.tokens.read}`, 'content-type': 'application/json' },
    body: JSON.stringify(grafanaBody),
  });
  expect(answer.status).toBe(403);
});
