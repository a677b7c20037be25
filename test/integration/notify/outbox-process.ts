// A process of its own over the real record store, to be killed: puts alerts into the outbox and sends them.
import { createNotifier } from '../../../src/act/notify/notifier.ts';
import { createOutbound } from '../../../src/platform/outbound.ts';
import { openStores } from '../../../src/store/open-stores.ts';
import { createLogger } from '../../../src/telemetry/log.ts';

const [home = '', url = '', count = '0'] = process.argv.slice(2);
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const day = 86_400_000;
const stores = await openStores({
  home,
  limits: { series: 1000, quotaBytes: 1e8, minFreeBytes: 1e6 },
  retention: { rawMs: day, fiveMinuteMs: day, hourMs: day, recordsMs: day },
  clock,
  entityOf: () => 'host:a',
});
const notifier = createNotifier({
  records: stores.records,
  channels: [{ kind: 'webhook', name: 'ops', minSeverity: 'medium', timeout: 2000, url, secret: null }],
  clock,
  random: { next: () => 0 },
  outbound: createOutbound(),
  log: createLogger('silent'),
  groupMs: 0,
});
notifier.start();
for (let i = 0; i < Number(count); i++) {
  const id = `alert-${i}`;
  await notifier.enqueue([
    {
      id,
      kind: 'firing',
      alertId: id,
      channel: 'ops',
      deduplicationKey: id,
      title: id,
      body: id,
      severity: 'high',
      createdAt: Date.now(),
    },
  ]);
}
process.stdout.write('written\n');
setInterval(() => {}, 1000);
