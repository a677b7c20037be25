import { open } from 'node:fs/promises';
import { Cursor } from './cursor.ts';
import { ProcFile, type Scratch } from './proc-file.ts';
import type { SampleSet, Source } from './sample-set.ts';

const TCP_COUNTERS = new Set(['ActiveOpens', 'PassiveOpens', 'InSegs', 'OutSegs', 'RetransSegs', 'InErrs', 'OutRsts']);
const EXTENDED_COUNTERS = new Set(['ListenOverflows', 'ListenDrops', 'TCPTimeouts', 'TCPSynRetrans']);
/** As the kernel numbers them, from 1. */
const STATES = [
  'established',
  'syn_sent',
  'syn_recv',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close',
  'close_wait',
  'last_ack',
  'listen',
  'closing',
] as const;
/** /proc/net/tcp walks the kernel's whole hash table (1.7 ms on a host with 24 GB): read so seldom that it costs this much a collection. */
const STATES_BUDGET_MS = 0.1;
const SELDOM_AT_MOST = 60;
const SOCKETS_AT_MOST = 20_000;
const CHUNK_BYTES = 64 << 10;

/** TCP counters and sockets at every collection, connections by state as often as their cost allows. */
export class TcpSource implements Source {
  readonly #snmp: ProcFile;
  readonly #netstat: ProcFile;
  readonly #sockstats: readonly ProcFile[];
  readonly #scratch: Scratch;
  readonly #root: string;
  readonly #counts = new Float64Array(STATES.length + 1);
  #chunk: Buffer | null = null;
  #nextStatesAt = 0;
  #sockets = 0;

  constructor(root: string, scratch: Scratch) {
    this.#root = root;
    this.#scratch = scratch;
    this.#snmp = new ProcFile(`${root}proc/net/snmp`);
    this.#netstat = new ProcFile(`${root}proc/net/netstat`);
    this.#sockstats = [new ProcFile(`${root}proc/net/sockstat`), new ProcFile(`${root}proc/net/sockstat6`)];
  }

  async collect(set: SampleSet): Promise<void> {
    if (this.#snmp.read(this.#scratch)) {
      forEachField(this.#scratch, 'Tcp:', (name, value) => {
        if (TCP_COUNTERS.has(name)) set.counter(`node_netstat_Tcp_${name}`, value);
        else if (name === 'CurrEstab') set.gauge('node_netstat_Tcp_CurrEstab', value);
      });
    }
    if (this.#netstat.read(this.#scratch)) {
      forEachField(this.#scratch, 'TcpExt:', (name, value) => {
        if (EXTENDED_COUNTERS.has(name)) set.counter(`node_netstat_TcpExt_${name}`, value);
      });
    }
    this.#collectSockets(set);
    if (set.collection >= this.#nextStatesAt) await this.#collectStates(set);
  }

  close(): void {
    this.#snmp.close();
    this.#netstat.close();
    for (const file of this.#sockstats) file.close();
  }

  #collectSockets(set: SampleSet): void {
    this.#sockets = 0;
    for (const file of this.#sockstats) {
      if (!file.read(this.#scratch)) continue;
      for (const cursor = new Cursor(this.#scratch); !cursor.done; cursor.nextLine()) {
        const protocol = cursor.word().slice(0, -1);
        if (protocol === '' || protocol.startsWith('FRAG')) continue;
        while (!cursor.atLineEnd) {
          const name = cursor.word();
          const value = cursor.number();
          set.gauge(`node_sockstat_${protocol}_${name}`, value);
          if (protocol.startsWith('TCP') && (name === 'inuse' || name === 'tw')) this.#sockets += value;
        }
      }
    }
  }

  async #collectStates(set: SampleSet): Promise<void> {
    if (this.#sockets > SOCKETS_AT_MOST) {
      this.#nextStatesAt = set.collection + SELDOM_AT_MOST;
      set.limitations.add(
        `TCP connections by state are missing: counting ${this.#sockets} sockets costs too much (limit ${SOCKETS_AT_MOST}); the sum is there`,
      );
      return;
    }
    const started = performance.now();
    this.#counts.fill(0);
    const v4 = await this.#countStates(`${this.#root}proc/net/tcp`);
    const v6 = await this.#countStates(`${this.#root}proc/net/tcp6`);
    const cost = performance.now() - started;
    this.#nextStatesAt = set.collection + Math.min(SELDOM_AT_MOST, Math.max(1, Math.ceil(cost / STATES_BUDGET_MS)));
    if (!v4 && !v6) return;
    for (const [i, state] of STATES.entries()) {
      set.sparseGauge('node_tcp_connection_states', this.#counts[i + 1] ?? 0, ['state', state]);
    }
  }

  /** By a thread of Node's pool, in chunks: many sockets make megabytes. */
  async #countStates(path: string): Promise<boolean> {
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(path, 'r');
    } catch {
      return false;
    }
    this.#chunk ??= Buffer.allocUnsafe(CHUNK_BYTES);
    try {
      let rest = '';
      for (;;) {
        const { bytesRead } = await file.read(this.#chunk, 0, CHUNK_BYTES, null);
        if (bytesRead === 0) break;
        const text = rest + this.#chunk.toString('latin1', 0, bytesRead);
        const end = text.lastIndexOf('\n') + 1;
        for (let line = 0; line < end; line = text.indexOf('\n', line) + 1) this.#countLine(text, line);
        rest = text.slice(end);
      }
      return true;
    } catch {
      return false;
    } finally {
      await file.close();
    }
  }

  /** `   0: 00000000:07E8 00000000:0000 0A …`: the fourth word; the first line is a heading. */
  #countLine(text: string, start: number): void {
    const number = text.indexOf(': ', start);
    const local = text.indexOf(' ', number + 2);
    const remote = text.indexOf(' ', local + 1);
    if (number < 0 || local < 0 || remote < 0) return;
    const state = Number.parseInt(text.slice(remote + 1, remote + 3), 16);
    if (state >= 1 && state <= STATES.length) this.#counts[state] = (this.#counts[state] ?? 0) + 1;
  }
}

/** Walks a pair of lines, names above values, both beginning with `prefix`. */
function forEachField(scratch: Scratch, prefix: string, visit: (name: string, value: number) => void): void {
  const names = new Cursor(scratch);
  while (!names.done && !names.startsWith(prefix)) names.nextLine();
  if (names.done) return;
  const values = new Cursor(scratch, names.pos);
  values.nextLine();
  if (!values.startsWith(prefix)) return;
  names.skipWords(1);
  values.skipWords(1);
  while (!names.atLineEnd && !values.atLineEnd) visit(names.word(), values.number());
}
