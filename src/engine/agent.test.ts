import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  type Collector,
  type CollectorEvent,
  type Emission,
  labelsFrom,
  labelValue,
  type Spool,
} from '../model/index.ts';
import { type AgentOptions, HOST_EVENT_METRIC, runAgent } from './agent.ts';

const labels = labelsFrom([
  ['__name__', 'node_load1'],
  ['instance', 'web'],
]);
const sample = (value: number): CollectorEvent => ({
  kind: 'samples',
  samples: [{ labels, kind: 'gauge', at: value * 1_000, value }],
});
const introduction: CollectorEvent = {
  kind: 'entity',
  entity: { kind: 'host', stableId: 'machine', name: 'web', timeZone: 'UTC', aliases: [], attributes: { os: 'Linux' } },
};

/** Gives out these events, then waits for the signal. */
function collectorOf(events: readonly CollectorEvent[]): Collector {
  return {
    name: 'scripted',
    async start(emit, signal) {
      for (const event of events) await emit(event);
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
    health: () => ({
      name: 'scripted',
      state: 'ok',
      since: 0,
      problems: [],
      lastCollectionAt: null,
      lastDurationMs: null,
      samplesPerCollection: 0,
    }),
  };
}

class MemorySpool implements Spool {
  readonly records = new Map<string, Uint8Array>();
  #next = 0;
  failures = 0;
  dropped = 0;
  async append(bytes: Uint8Array): Promise<string> {
    if (this.failures-- > 0) throw new Error('disk full');
    const id = String(this.#next++);
    this.records.set(id, bytes);
    return id;
  }
  async peek(n: number) {
    return [...this.records].slice(0, n).map(([id, bytes]) => ({ id, bytes }));
  }
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.records.delete(id);
  }
  stats() {
    return { records: this.records.size, bytes: 0, dropped: this.dropped, damaged: 0 };
  }
}

const encode = (samples: readonly Emission[]) =>
  Buffer.from(
    JSON.stringify(samples.map((s) => [labelValue(s.labels, '__name__'), labelValue(s.labels, 'type'), s.at, s.value])),
  );

function setUp(events: readonly CollectorEvent[], changes: Partial<AgentOptions> = {}) {
  const spool = new MemorySpool();
  const sent: string[] = [];
  const abort = new AbortController();
  const options: AgentOptions = {
    collector: collectorOf(events),
    spool,
    version: '1.2.3',
    instance: 'web',
    enrol: async () => ({ agentId: 'a', entityId: 'host:machine', instance: 'web', intervalSeconds: 10 }),
    send: async (bytes) => {
      sent.push(Buffer.from(bytes).toString());
      return { outcome: 'delivered' };
    },
    encode,
    relabel: (bytes, instance) => Buffer.from(`${instance}:${Buffer.from(bytes).toString()}`),
    sleep: () => nextTurn(),
    ...changes,
  };
  return { spool, sent, abort, done: runAgent(options, abort.signal), stop: () => abort.abort() };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !condition(); i++) await nextTurn();
  expect(condition()).toBe(true);
}

test('it introduces its host, then delivers oldest first and empties the spool', async () => {
  const introduced: unknown[] = [];
  const run = setUp([introduction, sample(1), sample(2), sample(3)], {
    enrol: async (who) => {
      introduced.push(who);
      return { agentId: 'a', entityId: 'e', instance: 'web', intervalSeconds: 10 };
    },
  });
  await until(() => run.sent.length === 3 && run.spool.records.size === 0);
  expect(run.sent.map((text) => JSON.parse(text))).toEqual(
    [1, 2, 3].map((n) => [
      ['node_load1', null, n * 1_000, n],
      ['auspex_agent_dropped_samples_total', null, n * 1_000, 0],
    ]),
  );
  expect(introduced).toEqual([
    { machineId: 'machine', hostname: 'web', version: '1.2.3', timeZone: 'UTC', attributes: { os: 'Linux' } },
  ]);
  run.stop();
  await run.done;
});

test('while the server is away everything stays in the spool; a stop does not wait for it', async () => {
  const run = setUp([introduction, sample(1), sample(2)], {
    enrol: (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  });
  await until(() => run.spool.records.size === 2);
  run.stop();
  await run.done;
  expect(run.spool.records.size).toBe(2);
  expect(run.sent).toEqual([]);
});

test('a record is removed only after it was delivered', async () => {
  const run = setUp([introduction, sample(1)], {
    send: (_bytes, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  });
  await until(() => run.spool.records.size === 1);
  run.stop();
  await run.done;
  expect(run.spool.records.size).toBe(1);
});

test('what the server refuses for good does not stand in the way of the rest', async () => {
  let first = true;
  const taken: string[] = [];
  const run = setUp([introduction, sample(1), sample(2)], {
    send: async (bytes) => {
      if (first) {
        first = false;
        return { outcome: 'dropped', reason: '400' };
      }
      taken.push(Buffer.from(bytes).toString());
      return { outcome: 'delivered' };
    },
  });
  await until(() => taken.length === 1 && run.spool.records.size === 0);
  expect(taken[0]).toContain('2000');
  run.stop();
  await run.done;
});

test('the server’s name for this host replaces its own, also in what was spooled before', async () => {
  const run = setUp([introduction, sample(1)], {
    enrol: async () => ({ agentId: 'a', entityId: 'e', instance: 'web-2', intervalSeconds: 10 }),
  });
  await until(() => run.sent.length === 1);
  expect(run.sent[0]).toMatch(/^web-2:/);
  run.stop();
  await run.done;
});

test('what happens to the host travels as a sample with its type', async () => {
  const run = setUp([introduction, { kind: 'event', at: 5_000, type: 'resume', detail: 'x' }]);
  await until(() => run.sent.length === 1);
  expect(JSON.parse(run.sent[0] ?? '')).toEqual([[HOST_EVENT_METRIC, 'resume', 5_000, 1]]);
  run.stop();
  await run.done;
});

test('a spool that fails for a moment loses nothing; one that stays full lets collecting go on', async () => {
  const run = setUp([]);
  run.stop();
  await run.done;
  const spool = new MemorySpool();
  spool.failures = 2;
  const first = setUp([introduction, sample(1)], { spool });
  await until(() => first.sent.length === 1);
  first.stop();
  await first.done;
  const broken = new MemorySpool();
  broken.failures = 3;
  const second = setUp([introduction, sample(1), sample(2)], { spool: broken });
  await until(() => second.sent.length === 1);
  expect(second.sent[0]).toContain('2000');
  second.stop();
  await second.done;
});

test('a spool that cannot be read for a moment is read again', async () => {
  const spool = new MemorySpool();
  const peek = spool.peek.bind(spool);
  let failures = 2;
  spool.peek = async (n) => {
    if (failures-- > 0) throw new Error('EIO');
    return peek(n);
  };
  const run = setUp([introduction, sample(1)], { spool });
  await until(() => run.sent.length === 1);
  run.stop();
  await run.done;
});

test('what the spool gave up and what it could not take is counted in samples, with each collection', async () => {
  const spool = new MemorySpool();
  const append = spool.append.bind(spool);
  // The quota is reached with the first collection; the second cannot be written at all.
  spool.append = async (bytes) => {
    spool.dropped = 2;
    return append(bytes);
  };
  const events = [introduction, sample(1), sample(2), sample(3)];
  const run = setUp(events, {
    spool,
    collector: {
      ...collectorOf(events),
      start: async (emit, signal) => {
        for (const event of events) {
          spool.failures = event === events[2] ? 3 : 0;
          await emit(event);
        }
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
    },
  });
  await until(() => run.sent.length === 2);
  const counts = run.sent.map((text) => (JSON.parse(text) as [string, null, number, number][])[1]?.[3]);
  // Two records of one sample by the spool, then the collection that was lost with its own counter.
  expect(counts).toEqual([0, 4]);
  run.stop();
  await run.done;
});
