import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { webhookReceiver } from './receivers.ts';

const script = new URL('outbox-process.ts', import.meta.url).pathname;

function launch(home: string, url: string, count: number): ChildProcess {
  return spawn(process.execPath, [script, home, url, String(count)], { stdio: ['ignore', 'ignore', 'inherit'] });
}

test('kill -9 while sending, again and again: every alert arrives, a repeat only under the same key', async () => {
  const receiver = await webhookReceiver();
  const home = mkdtempSync(join(tmpdir(), 'auspex-outbox-'));
  const ALERTS = 40;
  let child: ChildProcess | undefined;
  onTestFinished(async () => {
    child?.kill('SIGKILL');
    await receiver.die();
  });
  const arrived = () => new Set(receiver.received.flatMap((got) => got.json.alerts.map((alert) => alert.alertId)));
  // Each process is killed the moment its first message is here, before it can note that it was.
  for (let round = 0; round < 3; round++) {
    const ended = new Promise<void>((done) => {
      receiver.behave = () => void child?.kill('SIGKILL');
      child = launch(home, receiver.url, ALERTS);
      child.on('exit', () => done());
    });
    await ended;
  }
  receiver.behave = (response) => void response.end();
  child = launch(home, receiver.url, ALERTS);
  const quiet = new Promise<void>((done) => {
    const look = setInterval(() => {
      if (arrived().size < ALERTS) return;
      clearInterval(look);
      done();
    }, 50);
  });
  await quiet;
  child.kill('SIGKILL');
  const contents = new Map<string, string>();
  for (const { headers, json } of receiver.received) {
    const key = String(headers['idempotency-key']);
    const alerts = json.alerts.map((alert) => alert.alertId).join();
    expect(contents.get(key) ?? alerts).toBe(alerts);
    contents.set(key, alerts);
  }
  // No alert stands in two messages: a receiver that drops known keys gets each one once.
  const told = [...contents.values()].flatMap((alerts) => alerts.split(','));
  expect(told).toHaveLength(new Set(told).size);
  expect(new Set(told).size).toBe(ALERTS);
}, 300_000);
