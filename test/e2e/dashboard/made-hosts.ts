import { pathToFileURL } from 'node:url';
import { encodeWriteRequest, type OutgoingSeries } from '../../../src/collect/remote-write/encode.ts';
import { labelsFrom } from '../../../src/model/labels.ts';

/* Hosts that do not exist, sent over remote write as an agent would: days of history, then live. For screenshots and for
   trying the page with several hosts:
       node test/e2e/dashboard/made-hosts.ts URL [--days 10] [--live SECONDS] [--unusual web-2:60] */

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

interface MadeHost {
  readonly name: string;
  readonly seed: number;
  /** CPU at night, and what a day adds at noon. */
  readonly cpu: readonly [night: number, byDay: number];
  readonly memory: number;
  readonly memoryGib: number;
  /** What is used now, and what a day adds, by mount. */
  readonly mounts: Readonly<Record<string, readonly [now: number, aDay: number]>>;
  readonly netBytes: number;
  readonly writeBytes: number;
  readonly processes: Readonly<Record<string, readonly [share: number, gib: number, pid: number]>>;
}

export const madeHosts: readonly MadeHost[] = [
  {
    name: 'web-1',
    seed: 1,
    cpu: [0.09, 0.28],
    memory: 0.46,
    memoryGib: 16,
    mounts: { '/': [0.38, 0.0008] },
    netBytes: 4.2e6,
    writeBytes: 3.1e5,
    processes: { nginx: [0.25, 0.4, 811], node: [0.6, 4.1, 902] },
  },
  {
    name: 'web-2',
    seed: 2,
    cpu: [0.08, 0.26],
    memory: 0.44,
    memoryGib: 16,
    mounts: { '/': [0.41, 0.0009] },
    netBytes: 3.9e6,
    writeBytes: 2.8e5,
    processes: { nginx: [0.25, 0.4, 790], node: [0.6, 3.9, 866] },
  },
  {
    name: 'db-1',
    seed: 3,
    cpu: [0.15, 0.2],
    memory: 0.71,
    memoryGib: 64,
    mounts: { '/': [0.22, 0.0004], '/var/lib/postgresql': [0.81, 0.0195] },
    netBytes: 2.2e6,
    writeBytes: 9.5e6,
    processes: { postgres: [0.8, 38, 1204], pg_basebackup: [0.02, 0.1, 1450] },
  },
];

/** Even noise in −1 … 1 that is the same for the same host, figure and moment. */
function noise(seed: number, figure: number, at: number): number {
  let x = (Math.imul(seed * 374_761_393 + figure * 668_265_263, 1) ^ Math.floor(at / 1000)) | 0;
  x = Math.imul(x ^ (x >>> 13), 1_274_126_177);
  x = Math.imul(x ^ (x >>> 16), 0x5bd1e995);
  return (((x ^ (x >>> 15)) >>> 0) / 0xffff_ffff) * 2 - 1;
}

/** Noise that wanders: what was high a minute ago is high now. */
function drift(seed: number, figure: number, at: number): number {
  const of = (span: number) => {
    const n = Math.floor(at / span);
    const part = at / span - n;
    const smooth = part * part * (3 - 2 * part);
    return noise(seed, figure, n * 1000) * (1 - smooth) + noise(seed, figure, (n + 1) * 1000) * smooth;
  };
  return 0.5 * of(37 * minute) + 0.3 * of(7 * minute) + 0.2 * noise(seed, figure, at);
}

const clip = (value: number) => Math.min(1, Math.max(0, value));

type Reading = readonly [name: string, value: number, labels?: Readonly<Record<string, string>>];

/** One moment of a host. `strain` 0 … 1 is what goes wrong: a process that computes all it can. */
export function readings(host: MadeHost, at: number, now: number, strain = 0): Reading[] {
  const { seed } = host;
  const time = (at % day) / day;
  const busy = Math.max(0, Math.sin((time - 0.25) * 2 * Math.PI)) ** 1.3;
  const usual = host.cpu[0] + host.cpu[1] * busy + 0.03 * drift(seed, 1, at);
  const cpu = clip(usual + strain * (0.96 - usual));
  const load = cpu * 1.1 + strain * 1.6 + 0.05 * drift(seed, 2, at);
  const flow = 0.25 + busy + 0.15 * drift(seed, 3, at);
  const out: Reading[] = [
    ['cpu_ratio', cpu],
    ['cpu_iowait_ratio', clip(0.004 + 0.003 * drift(seed, 4, at))],
    ['load_per_core', Math.max(0, load)],
    ['memory_ratio', clip(host.memory + 0.05 * busy + 0.01 * drift(seed, 5, at) + 0.03 * strain)],
    ['major_fault_rate', Math.max(0, 0.2 * noise(seed, 6, at))],
    ['disk_io_ratio', clip((host.writeBytes / 8e7) * flow + 0.01 * (1 + noise(seed, 7, at)))],
    ['disk_read_bytes_per_second', Math.max(0, host.writeBytes * 0.4 * flow * (1 + 0.3 * noise(seed, 8, at)))],
    ['disk_write_bytes_per_second', Math.max(0, host.writeBytes * flow * (1 + 0.3 * noise(seed, 9, at)))],
    ['network_receive_bytes_per_second', Math.max(0, host.netBytes * flow * (1 + 0.1 * noise(seed, 10, at)))],
    ['network_transmit_bytes_per_second', Math.max(0, host.netBytes * 2.6 * flow * (1 + 0.1 * noise(seed, 11, at)))],
    ['tcp_connections', Math.round(60 + 200 * flow)],
    ['process_count', Math.round(180 + 20 * drift(seed, 12, at) + 8 * strain)],
    ['fork_rate', Math.max(0, 3 + 2 * flow + noise(seed, 13, at))],
    ['context_switch_rate', Math.max(0, 4000 + 9000 * flow + 600 * noise(seed, 14, at) + 6000 * strain)],
    ['open_files_ratio', clip(0.02 + 0.002 * flow)],
    ['pressure_cpu_ratio', clip(0.01 * (1 + noise(seed, 15, at)) + 0.03 * busy + 0.8 * strain)],
    ['pressure_memory_ratio', 0],
    ['pressure_io_ratio', clip(0.01 * (1 + noise(seed, 16, at)))],
  ];
  for (const [mountpoint, [used, aDay]] of Object.entries(host.mounts)) {
    const saw = 0.002 * drift(seed, 17, at);
    out.push(['disk_ratio', clip(used - ((now - at) / day) * aDay + saw), { mountpoint }]);
    out.push(['inode_ratio', clip(used * 0.3), { mountpoint }]);
  }
  for (const [groupname, [share, gib, pid]] of Object.entries(host.processes)) {
    out.push(['process_group_cpu_cores', usual * share * 8, { groupname }]);
    out.push(['process_group_pid', pid, { groupname }]);
    out.push(['process_group_resident', gib * 1024 ** 3, { groupname }]);
  }
  if (strain > 0) {
    out.push(['process_group_cpu_cores', strain * (0.96 - usual) * 8, { groupname: 'webpack' }]);
    out.push(['process_group_pid', 20_614, { groupname: 'webpack' }]);
    out.push(['process_group_resident', 1.2 * 1024 ** 3, { groupname: 'webpack' }]);
  }
  return out;
}

function labelsOf(host: MadeHost, name: string, more: Readonly<Record<string, string>> = {}) {
  const own = { instance: host.name, job: 'auspex', ...more };
  const named =
    name === 'process_group_resident'
      ? { __name__: 'namedprocess_namegroup_memory_bytes', memtype: 'resident' }
      : { __name__: name.startsWith('node_') ? name : `auspex_host_${name}` };
  return labelsFrom(Object.entries({ ...own, ...named }));
}

/** Sends every host's moments from `from` to `to`; what goes wrong when is the caller's. */
export async function sendHosts(
  url: string,
  options: {
    from: number;
    to: number;
    everyMs: number;
    hosts?: readonly MadeHost[];
    strain?: (host: string, at: number) => number;
    token?: string;
  },
): Promise<void> {
  const perRequest = 1440;
  const now = Date.now();
  for (let start = options.from; start <= options.to; start += perRequest * options.everyMs) {
    const series = new Map<string, OutgoingSeries & { samples: { at: number; value: number }[] }>();
    for (const host of options.hosts ?? madeHosts) {
      const end = Math.min(options.to, start + (perRequest - 1) * options.everyMs);
      for (let at = start; at <= end; at += options.everyMs) {
        const total: Reading = ['node_memory_MemTotal_bytes', host.memoryGib * 1024 ** 3];
        for (const [name, value, more] of [total, ...readings(host, at, now, options.strain?.(host.name, at) ?? 0)]) {
          const key = `${host.name}/${name}/${JSON.stringify(more)}`;
          let one = series.get(key);
          if (one === undefined)
            series.set(key, (one = { labels: labelsOf(host, name, more), kind: 'gauge', samples: [] }));
          one.samples.push({ at: Math.round(at), value });
        }
      }
    }
    await send(url, encodeWriteRequest([...series.values()]), options.token);
  }
}

async function send(url: string, body: Uint8Array, token?: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answer = await fetch(new URL('/api/v1/write', url), {
      method: 'POST',
      headers: {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '0.1.0',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: Buffer.from(body),
    });
    if (answer.status === 204) return;
    if (answer.status !== 503 || tries > 30) throw new Error(`${answer.status}: ${await answer.text()}`);
    await new Promise((wake) => setTimeout(wake, 1000));
  }
}

async function main(args: readonly string[]): Promise<void> {
  const option = (name: string, fallback: string) => {
    const at = args.indexOf(`--${name}`);
    return at < 0 ? fallback : (args[at + 1] ?? fallback);
  };
  const url = args[0] ?? 'http://127.0.0.1:4700';
  const liveMs = Number(option('live', '0')) * 1000;
  const [who = '', after = '0'] = option('unusual', '').split(':');
  const everyMs = 30_000;
  const begun = Math.floor(Date.now() / everyMs) * everyMs;
  const days = Number(option('days', '10'));
  if (days > 0) await sendHosts(url, { from: begun - days * day, to: begun, everyMs });
  const strain = (host: string, at: number) => (host === who && at >= begun + Number(after) * 1000 ? 1 : 0);
  for (let at = begun + 10_000; at < begun + liveMs; at += 10_000) {
    await new Promise((wake) => setTimeout(wake, Math.max(0, at - Date.now())));
    await sendHosts(url, { from: at, to: at, everyMs: 10_000, strain });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
