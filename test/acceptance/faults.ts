// Real faults on this machine, one after another, and what Auspex says of each within 30 seconds.
//   node test/acceptance/faults.ts [--times 5] [--warm 20] [--only cpu,disk] [--url http://… --token …]
// About 70 minutes; stress-ng and root (for the disk that fills) are needed. Nothing else should run meanwhile.
import { join } from 'node:path';
import { type Client, createClient } from '../../src/api/client.ts';
import type { AnomalyDetail } from '../../src/api/contract/index.ts';
import { startAuspex } from '../e2e/running-auspex.ts';
import {
  Cleanup,
  ended,
  isInstalled,
  type LoopDisk,
  makeLoopDisk,
  options,
  pause,
  report,
  share,
  start,
  temporaryFolder,
  whyNoLoopDisks,
} from './support.ts';

const given = options({ times: 5, warm: 20, only: '', url: '', token: '', pause: 90, last: 60 });

interface Fault {
  readonly name: string;
  readonly resource: readonly string[];
  readonly culprit: RegExp;
  readonly command: (disk: LoopDisk, folder: string) => readonly string[];
  readonly after?: (disk: LoopDisk) => readonly string[];
}

const stress = (...args: string[]): readonly string[] => ['stress-ng', '--timeout', `${given.last}s`, ...args];
const faults: readonly Fault[] = [
  { name: 'cpu', resource: ['cpu'], culprit: /^stress-ng/, command: () => stress('--cpu', '0') },
  {
    name: 'memory',
    resource: ['memory'],
    culprit: /^stress-ng/,
    command: () => stress('--vm', '2', '--vm-bytes', '70%', '--vm-keep'),
  },
  {
    name: 'io',
    resource: ['disk-io'],
    culprit: /^stress-ng/,
    command: (_, folder) => stress('--hdd', '2', '--hdd-bytes', '512M', '--temp-path', folder),
  },
  { name: 'fork', resource: ['processes'], culprit: /^stress-ng/, command: () => stress('--fork', '2') },
  {
    name: 'disk',
    resource: ['disk'],
    culprit: /./,
    // 15 MB a second through one dd, as a log that runs wild.
    command: (disk) => [
      'sh',
      '-c',
      `i=0; while [ $i -lt ${given.last} ]; do head -c 15M /dev/zero; sleep 1; i=$((i+1)); done | dd of=${disk.mount}/fill bs=1M iflag=fullblock`,
    ],
    after: (disk) => ['rm', '-f', `${disk.mount}/fill`],
  },
];

interface Outcome {
  readonly fault: string;
  readonly flagged: boolean;
  readonly seconds: number | null;
  readonly resource: boolean;
  readonly culprit: boolean;
  readonly stays: boolean;
  readonly paged: boolean;
  readonly beside: number;
  readonly said: string;
}

async function main(): Promise<void> {
  const impossible = isInstalled('stress-ng') ? whyNoLoopDisks() : 'stress-ng is not installed';
  if (impossible !== null) {
    console.log(`SKIPPED faults: ${impossible}`);
    return;
  }
  const cleanup = new Cleanup();
  try {
    const folder = temporaryFolder(cleanup, 'faults');
    const disk = makeLoopDisk(cleanup, folder, 'disk', 1024);
    const client = await server(cleanup, folder);
    const chosen = faults.filter((fault) => given.only === '' || given.only.split(',').includes(fault.name));
    await pause(given.warm * 60_000);
    const outcomes: Outcome[] = [];
    let needless = 0;
    for (let turn = 0; turn < given.times; turn++) {
      for (const fault of chosen) {
        const outcome = await provoke(cleanup, client, fault, disk, folder);
        outcomes.push(outcome);
        console.log(JSON.stringify(outcome));
        needless += await quiet(cleanup, client, folder);
      }
    }
    conclude(outcomes, needless);
  } finally {
    await cleanup.run();
  }
}

async function server(cleanup: Cleanup, folder: string): Promise<Client> {
  if (given.url !== '') return createClient({ baseUrl: given.url, token: given.token });
  const running = await startAuspex({ home: join(folder, 'home') });
  cleanup.add(async () => void (await running.stop()));
  return running.client;
}

async function provoke(
  cleanup: Cleanup,
  client: Client,
  fault: Fault,
  disk: LoopDisk,
  folder: string,
): Promise<Outcome> {
  const from = Date.now();
  const [command = '', ...args] = fault.command(disk, folder);
  const child = start(cleanup, command, args);
  let first: { at: number; detail: AnomalyDetail } | null = null;
  const seen = new Map<string, AnomalyDetail>();
  while (Date.now() - from < given.last * 1000 + 5000) {
    await pause(500);
    for (const detail of await openedSince(client, from)) {
      if (!seen.has(detail.id)) console.log(`  ${Math.round((Date.now() - from) / 1000)} s: ${detail.summary}`);
      seen.set(detail.id, detail);
      if (first === null && fault.resource.includes(detail.resource)) first = { at: Date.now(), detail };
      // The finding may learn its culprit while the 30 s run.
      else if (first?.detail.id === detail.id && Date.now() - from < 30_000) first = { at: first.at, detail };
    }
  }
  await ended(child);
  if (fault.after !== undefined) {
    const [undo = '', ...undoArgs] = fault.after(disk);
    await ended(start(cleanup, undo, undoArgs));
  }
  const last = first === null ? null : await client.call('anomaly', { params: { id: first.detail.id } });
  const seconds = first === null ? null : (first.at - from) / 1000;
  return {
    fault: fault.name,
    flagged: seconds !== null && seconds <= 30,
    seconds: seconds === null ? null : Math.round(seconds),
    resource: first !== null,
    culprit: first !== null && names(first.detail, fault, disk),
    stays: last !== null && names(last, fault, disk),
    paged: last?.pages ?? false,
    beside: [...seen.values()].filter((one) => one.id !== first?.detail.id).length,
    said: last?.summary ?? [...seen.values()].map((one) => one.summary).join(' | '),
  };
}

/** The process by name; for a full disk its mount, and the process that fills it where one is named. */
function names(detail: AnomalyDetail, fault: Fault, disk: LoopDisk): boolean {
  const named = detail.culprits.filter((culprit) => culprit.kind === 'process');
  if (fault.name !== 'disk') return named[0] !== undefined && fault.culprit.test(named[0].name);
  const isMount = detail.culprits.some((culprit) => culprit.kind === 'mount' && culprit.name === disk.mount);
  return isMount && (named[0] === undefined || named[0].name === 'dd');
}

async function openedSince(client: Client, from: number): Promise<AnomalyDetail[]> {
  const { items } = await client.call('anomalies', { query: { limit: 50 } });
  // A finding's onset is the vector before which nothing was wrong: it cannot lie before the fault.
  const recent = items.filter((item) => Date.parse(item.onsetAt) >= from - 1000 && item.severity !== 'none');
  return Promise.all(recent.map((item) => client.call('anomaly', { params: { id: item.id } })));
}

/** A pause with harmless work in it, as a machine has: none of it is worth a finding. */
async function quiet(cleanup: Cleanup, client: Client, folder: string): Promise<number> {
  await pause((given.pause * 1000) / 3);
  const from = Date.now();
  await ended(start(cleanup, 'sh', ['-c', `find /usr/share -type f | head -n 20000 | gzip > ${folder}/list.gz`]));
  await pause((given.pause * 2000) / 3);
  const opened = await openedSince(client, from);
  for (const one of opened) console.log(`  needless: ${one.summary}`);
  return opened.length;
}

function conclude(outcomes: readonly Outcome[], needless: number): void {
  const rows = faults.flatMap(({ name }) => {
    const of = outcomes.filter((outcome) => outcome.fault === name);
    if (of.length === 0) return [];
    const count = (is: (outcome: Outcome) => boolean): string => share(of.filter(is).length, of.length);
    const seconds = of.flatMap((outcome) => (outcome.seconds === null ? [] : [outcome.seconds]));
    return [
      {
        fault: name,
        flagged: count((o) => o.flagged),
        seconds: seconds.join(' '),
        resource: count((o) => o.resource),
        culprit: count((o) => o.culprit),
        'culprit stays': count((o) => o.stays),
        paged: count((o) => o.paged),
        'findings beside': of.reduce((sum, o) => sum + o.beside, 0),
      },
    ];
  });
  const good = outcomes.filter((o) => o.flagged && o.resource && o.culprit).length;
  report('faults', rows, { faults: outcomes.length, good, needless, outcomes }, good === outcomes.length);
}

await main();
