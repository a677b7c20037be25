import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { mainFile, removeHome, startAuspex, temporaryHome } from './running-auspex.ts';

/* The rules in force as a person sees them: of a real process, in the terminal. */

test('`auspex rules` names those of files, of the configuration and of the starter set', async () => {
  const home = temporaryHome();
  onTestFinished(() => removeHome(home));
  writeFileSync(join(home, 'queue.yaml'), 'groups: [{name: g, rules: [{alert: QueueLong, expr: queue_length > 100}]}]');
  writeFileSync(
    join(home, 'auspex.yaml'),
    `alerts:
  ruleFiles: [queue.yaml]
  starter: {disk-low: false}
  anomalies:
    - {name: queue-unusual, metric: queue_length, match: [queue=mail], side: high, severity: high}
`,
  );
  const running = await startAuspex({ home });
  onTestFinished(() => running.kill('SIGKILL'));
  const env = { ...process.env, AUSPEX_URL: running.url, AUSPEX_TOKEN: running.token, NO_COLOR: '1' };
  const rules = (...args: string[]) =>
    spawnSync(process.execPath, [mainFile, 'rules', ...args], { encoding: 'utf8', env }).stdout;
  const lines = rules().split('\n');
  expect(lines.find((line) => line.startsWith('QueueLong'))).toMatch(/queue\.yaml:1\s*$/);
  expect(lines.find((line) => line.startsWith('queue-unusual'))).toMatch(
    /high\s+on\s+configuration\s+queue_length\{queue="mail"\} is higher than usual, for 1 min\s*$/,
  );
  expect(lines.find((line) => line.startsWith('disk-low'))).toMatch(/switched off\s+starter set/);
  const told = JSON.parse(rules('--json'));
  expect(told.others.map(({ name }: { name: string }) => name)).toContain('queue-unusual');
}, 60_000);
