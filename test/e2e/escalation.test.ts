import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { webhookReceiver } from '../integration/notify/receivers.ts';
import { removeHome, type RunningAuspex, startAuspex, temporaryHome, until } from './running-auspex.ts';

/* An escalation of a real process that is killed in the middle of it. */

test('killed while people are waited for and after the next were told: each is told once', async () => {
  const home = temporaryHome();
  onTestFinished(() => removeHome(home));
  const [ops, boss] = [await webhookReceiver(), await webhookReceiver()];
  for (const receiver of [ops, boss]) onTestFinished(() => receiver.die());
  writeFileSync(
    join(home, 'auspex.yaml'),
    `notify:
  group: 0s
  channels:
    - {kind: webhook, name: ops, url: "${ops.url}"}
    - {kind: webhook, name: boss, url: "${boss.url}"}
  routes:
    - {to: [ops], escalation: night}
  escalations:
    - {name: night, steps: [{after: 1m, to: [boss]}]}
`,
  );
  let running: RunningAuspex | null = null;
  onTestFinished(() => running?.kill('SIGKILL'));
  const again = async (): Promise<RunningAuspex> => {
    await running?.kill('SIGKILL');
    running = await startAuspex({ home });
    return running;
  };
  const { url, token } = await again();
  const labels = { alertname: 'BackupFailed', severity: 'critical', instance: 'db-1' };
  const posted = await fetch(`${url}/api/alerts/alertmanager`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      version: '4',
      groupKey: '{}:{alertname="BackupFailed"}',
      status: 'firing',
      receiver: 'auspex',
      groupLabels: { alertname: 'BackupFailed' },
      commonLabels: labels,
      commonAnnotations: {},
      externalURL: 'http://alertmanager.example:9093',
      alerts: [
        {
          status: 'firing',
          labels,
          annotations: { summary: 'The backup of db-1 failed' },
          startsAt: new Date().toISOString(),
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: '',
          fingerprint: 'f1',
        },
      ],
    }),
  });
  expect(posted.status).toBeLessThan(300);
  await until('people told', 60, async () => ops.received.length > 0);
  await again();
  await until('the next told', 120, async () => boss.received.length > 0);
  await again();
  await new Promise((wake) => setTimeout(wake, 15_000));
  expect(new Set(ops.received.map(({ json }) => json.key)).size).toBe(1);
  expect(new Set(boss.received.map(({ json }) => json.key)).size).toBe(1);
  // Twice only where the answer was lost in the kill, and then under the same key.
  expect(ops.received.length).toBeLessThanOrEqual(2);
  expect(boss.received.length).toBeLessThanOrEqual(2);
  expect(boss.received[0]?.body).toContain('still open: The backup of db-1 failed');
}, 240_000);
