// A process of its own over the real record store, to be killed: puts messages into the outbox and sends them.
import type { Channel } from '../../../src/act/notify/channel.ts';
import { createNotifier } from '../../../src/act/notify/notifier.ts';
import { createOutbound } from '../../../src/platform/outbound.ts';
import { openStores } from '../../../src/store/open-stores.ts';
import { createLogger } from '../../../src/telemetry/log.ts';

const [home = '', url = '', count = '0', kind = 'webhook'] = process.argv.slice(2);
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const day = 86_400_000;
const base = { name: 'ops', minSeverity: 'medium', timeout: 2000 } as const;

function channelOf(): Channel {
  switch (kind) {
    case 'slack':
    case 'teams':
      return { ...base, kind, url };
    case 'pagerduty':
      return { ...base, kind, url, routingKey: 'k' };
    case 'alertmanager':
      return { ...base, kind, url, user: null, password: null, token: null };
    case 'email': {
      const own = {
        host: '127.0.0.1',
        port: Number(new URL(url).port),
        tls: 'none',
        user: null,
        password: null,
      } as const;
      return { ...base, ...own, kind, from: 'auspex@ops.example', to: ['kim@ops.example'] };
    }
    default:
      return { ...base, kind: 'webhook', url, secret: null };
  }
}

const stores = await openStores({
  home,
  limits: { series: 1000, quotaBytes: 1e8, minFreeBytes: 1e6 },
  retention: { rawMs: day, fiveMinuteMs: day, hourMs: day, recordsMs: day },
  clock,
  entityOf: () => 'host:a',
});
const notifier = createNotifier({
  records: stores.records,
  channels: [channelOf()],
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
      incidentId: null,
      channel: 'ops',
      receiver: null,
      deduplicationKey: id,
      title: `[${id}]`,
      body: `Trouble ${id}.`,
      severity: 'high',
      createdAt: Date.now(),
    },
  ]);
}
process.stdout.write('written\n');
setInterval(() => {}, 1000);
