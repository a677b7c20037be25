/** An agent whose collector counts: `agent-process.ts <url> <spool folder> <first value> <how many>`. Prints each value once it is kept, `empty` once all is delivered. */
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeEmissions, relabelWriteRequest } from '../../../src/collect/remote-write/encode.ts';
import { createSender } from '../../../src/collect/remote-write/sender.ts';
import { type AgentEnrolment, runAgent } from '../../../src/engine/agent.ts';
import { type Collector, labelsFrom } from '../../../src/model/index.ts';
import { Spool } from '../../../src/store/spool.ts';

const [url = '', folder = '', first = '0', count = '0'] = process.argv.slice(2);
const labels = labelsFrom([
  ['__name__', 'counted'],
  ['instance', 'h'],
]);
const spool = await Spool.open(folder, { quotaBytes: 10_000_000 });
const sender = createSender({ url, timeoutMs: 300, sleep: () => delay(5) });
const stop = new AbortController();

const collector: Collector = {
  name: 'counting',
  async start(emit, signal) {
    const entity = { kind: 'host', stableId: 'm', name: 'h', timeZone: 'UTC', aliases: [], attributes: {} } as const;
    await emit({ kind: 'entity', entity });
    for (let value = Number(first); value < Number(first) + Number(count); value++) {
      // Long ago: old data are delivered too.
      await emit({ kind: 'samples', samples: [{ labels, kind: 'gauge', at: 1_700_000_000_000 + value, value }] });
      writeSync(1, `${value}\n`);
      await delay(1);
    }
    while (!signal.aborted && spool.stats().records > 0) await delay(5);
    writeSync(1, 'empty\n');
    stop.abort();
  },
  health: () => {
    throw new Error('not asked');
  },
};

await runAgent(
  {
    collector,
    spool,
    version: 'test',
    instance: 'h',
    enrol: async (who, signal) => (await sender.post('/api/agents', who, signal)) as AgentEnrolment,
    send: (bytes, signal) => sender.send(bytes, signal),
    encode: encodeEmissions,
    relabel: (bytes, instance) => relabelWriteRequest(bytes, 'instance', instance),
  },
  stop.signal,
);
await sender.close();
