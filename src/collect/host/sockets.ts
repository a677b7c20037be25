import { networkInterfaces } from 'node:os';
import { type Clock, socketMetrics as names, OTHER_PEERS } from '../../model/index.ts';
import { NamesADay } from './names-a-day.ts';
import { type NetworkNamespace, NetworkNamespaces } from './network-namespaces.ts';
import type { Scratch } from './proc-file.ts';
import type { Process } from './process-table.ts';
import type { LabelPair, SampleSet, Source } from './sample-set.ts';
import { SocketOwners } from './socket-owners.ts';
import { type Listener, listenersOf, type Outgoing, outgoingOf } from './socket-sides.ts';
import { endpoint, SocketTable } from './socket-table.ts';

export type Interfaces = typeof networkInterfaces;

/** A network with what was seen in it last. */
interface View {
  readonly namespace: NetworkNamespace;
  readonly owners: SocketOwners;
  readAt: number;
  listeners: readonly Listener[];
  outgoing: readonly Outgoing[];
  /** What of it is not seen. */
  limitation: string | null;
}

interface Talk {
  readonly group: string;
  /** Empty for a process that does not listen. */
  readonly endpoint: string;
  readonly peer: string;
  seenAt: number;
  connections: number;
}

/**
 * The kernel walks its whole table of sockets for each network (1.7 ms on a host with 24 GB): each collection may use this much on average; what
 * does not fit waits for its turn.
 */
const CREDIT_MS = 2;
const CREDIT_AT_MOST_MS = 6;
/** The first collection costs more in all its parts. */
const FIRST_CREDIT_MS = 60;
const DEBT_AT_MOST_MS = 10;
const SOCKETS_AT_MOST = 20_000;
const LINKS_A_SEARCH = 500;
const NAMES_A_DAY = 200;
/** A connection that ended stays this many collections longer, at 0: those of a pool come and go. */
const LINGER = 6;
/** Loopback, and addresses of one wire. */
const NARROW = /^(127\.|169\.254\.|::1$|fe[89ab])/;
/** Of a container with many networks the first few name it. */
const ADDRESSES_AT_MOST = 4;

/**
 * Who listens on this host and who talks to whom, in every network that a process of it is in, containers' too. A connection is told by its
 * listening side; the other's port means nothing. In a container's network `127.0.0.1` is shown as the container's address, because it is
 * not the host's.
 * Weak: connections that begin and end between two looks are missed; so is who is behind an address that the kernel translates
 * (published ports, Kubernetes services); UDP and Unix sockets are not looked at.
 */
export class SocketSource implements Source {
  readonly #clock: Clock;
  readonly #processes: ReadonlyMap<number, Process>;
  readonly #interfaces: Interfaces;
  readonly #namespaces: NetworkNamespaces;
  readonly #root: string;
  readonly #table: SocketTable;
  readonly #listenerNames = new NamesADay(NAMES_A_DAY);
  readonly #talkNames = new NamesADay(NAMES_A_DAY);
  readonly #talks = new Map<string, Talk>();
  #views = new Map<string, View>();
  #credit = FIRST_CREDIT_MS;

  /** `processes`: as the last scan of this collection found them. */
  constructor(
    root: string,
    scratch: Scratch,
    processes: ReadonlyMap<number, Process>,
    clock: Clock,
    interfaces: Interfaces = networkInterfaces,
  ) {
    this.#clock = clock;
    this.#root = root;
    this.#processes = processes;
    this.#interfaces = interfaces;
    this.#table = new SocketTable(scratch);
    this.#namespaces = new NetworkNamespaces(root, scratch);
  }

  async collect(set: SampleSet): Promise<void> {
    if (set.collection > 1) this.#credit = Math.min(CREDIT_AT_MOST_MS, this.#credit + CREDIT_MS);
    if (this.#credit > 0) await this.#look(set);
    this.#emitAddresses(set);
    this.#emitListeners(set);
    this.#emitTalks(set);
    this.#say(set);
  }

  close(): void {
    this.#views.clear();
  }

  /** As many networks as there is credit for, the longest unseen first. */
  async #look(set: SampleSet): Promise<void> {
    const views = new Map<string, View>();
    for (const namespace of this.#namespaces.list(this.#processes.values()))
      views.set(namespace.id, { ...(this.#views.get(namespace.id) ?? this.#newView(namespace)), namespace });
    this.#views = views;
    const turns = [...views.values()].sort((a, b) => a.readAt - b.readAt);
    for (const view of turns) {
      if (this.#credit <= 0) return;
      const started = this.#clock.monotonic();
      await this.#read(view, set);
      this.#credit = Math.max(-DEBT_AT_MOST_MS, this.#credit - (this.#clock.monotonic() - started));
    }
  }

  #newView(namespace: NetworkNamespace): View {
    const owners = new SocketOwners(this.#root, LINKS_A_SEARCH);
    return { namespace, owners, readAt: 0, listeners: [], outgoing: [], limitation: null };
  }

  async #read(view: View, set: SampleSet): Promise<void> {
    const { namespace, owners } = view;
    view.readAt = set.collection;
    view.limitation = null;
    const sockets = await this.#table.read(namespace.folder, SOCKETS_AT_MOST);
    if (sockets === null) {
      // A container's network whose process just ended is asked through another one the next time.
      if (namespace.id === '')
        view.limitation = `who listens and who talks to whom is missing: ${namespace.folder}/tcp cannot be read`;
      return;
    }
    if (sockets.length === SOCKETS_AT_MOST)
      view.limitation = `of more than ${SOCKETS_AT_MOST} sockets those beyond are not looked at`;
    const names = namespace.id === '' ? null : this.#namespaces.addresses(namespace).slice(0, ADDRESSES_AT_MOST);
    view.listeners = listenersOf(sockets, names, namespace.id);
    view.outgoing = outgoingOf(sockets, view.listeners, names, namespace.id);
    const inodes = new Set([...view.listeners, ...view.outgoing].map(({ inode }) => inode));
    inodes.delete(0);
    owners.find(inodes, namespace.processes);
  }

  /** The lowest port that each process listens on, with its address: what tells apart programs of one name. */
  #endpointsOf({ owners, listeners }: View): Map<Process, string> {
    const endpoints = new Map<Process, string>();
    for (const { inode, port, addresses } of [...listeners].sort((a, b) => a.port - b.port)) {
      const process = owners.processOf(inode);
      if (process !== null && !endpoints.has(process)) endpoints.set(process, endpoint(addresses[0] ?? '', port));
    }
    return endpoints;
  }

  /** Who works for a process that listens shares its socket or is its child. */
  #endpointOf(process: Process | null, endpoints: ReadonlyMap<Process, string>): string {
    for (let one = process ?? undefined; one !== undefined; one = this.#processes.get(one.parent)) {
      const found = endpoints.get(one);
      if (found !== undefined) return found;
      if (this.#processes.get(one.parent)?.group !== one.group) break;
    }
    return '';
  }

  #emitAddresses(set: SampleSet): void {
    for (const [device, addresses] of Object.entries(this.#interfaces()))
      for (const { address, cidr } of addresses ?? []) {
        if (cidr === null || NARROW.test(address)) continue;
        const netmask = cidr.slice(cidr.indexOf('/') + 1);
        set.info(names.address, ['device', device], ['address', address], ['netmask', netmask], ['scope', 'global']);
      }
  }

  #emitListeners(set: SampleSet): void {
    const connections = new Map<string, { group: string; port: string; sum: number }>();
    for (const view of this.#views.values()) {
      const { owners, listeners } = view;
      const endpoints = this.#endpointsOf(view);
      for (const listener of listeners) {
        const group = owners.groupOf(listener.inode);
        if (group === null) continue;
        const port = String(listener.port);
        if (!this.#listenerNames.admits(`${group}\n${port}\n${listener.address}`, set.at)) continue;
        const own = this.#endpointOf(owners.processOf(listener.inode), endpoints);
        for (const address of listener.addresses) {
          const labels: LabelPair[] = [
            ['groupname', group],
            ['port', port],
            ['address', address],
          ];
          set.gauge(names.listener, 1, ...labels, ...endpointLabel(own));
        }
        const key = `${group}\n${port}`;
        const known = connections.get(key);
        if (known === undefined) connections.set(key, { group, port, sum: listener.connections });
        else known.sum += listener.connections;
      }
    }
    for (const { group, port, sum } of connections.values())
      set.gauge(names.listenerConnections, sum, ['groupname', group], ['port', port]);
  }

  #emitTalks(set: SampleSet): void {
    for (const talk of this.#talks.values()) talk.connections = 0;
    for (const view of this.#views.values()) {
      const { owners, outgoing } = view;
      const endpoints = this.#endpointsOf(view);
      for (const { inode, peer } of outgoing) {
        const group = owners.groupOf(inode);
        if (group !== null) this.#count(group, this.#endpointOf(owners.processOf(inode), endpoints), peer, set);
      }
    }
    for (const [key, { group, endpoint: own, peer, connections, seenAt }] of this.#talks) {
      if (set.collection - seenAt > LINGER) this.#talks.delete(key);
      else set.gauge(names.connections, connections, ['groupname', group], ['peer', peer], ...endpointLabel(own));
    }
  }

  #count(group: string, own: string, peer: string, set: SampleSet): void {
    const key = `${group}\n${own}\n${peer}`;
    if (peer !== OTHER_PEERS && !this.#talkNames.admits(key, set.at)) {
      this.#count(OTHER_PEERS, '', OTHER_PEERS, set);
      return;
    }
    let talk = this.#talks.get(key);
    if (talk === undefined) this.#talks.set(key, (talk = { group, endpoint: own, peer, seenAt: 0, connections: 0 }));
    talk.seenAt = set.collection;
    talk.connections++;
  }

  /** What of it cannot be told apart, and what would let it. */
  #say(set: SampleSet): void {
    const views = [...this.#views.values()];
    for (const { limitation } of views) if (limitation !== null) set.limitations.add(limitation);
    if (this.#namespaces.denied > 0 || views.some(({ owners }) => owners.denied > 0))
      set.limitations.add(
        'which programs of other users listen and whom they call may not be read, nor the networks of their containers: run Auspex as root or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH',
      );
  }
}

function endpointLabel(own: string): LabelPair[] {
  return own === '' ? [] : [['endpoint', own]];
}
