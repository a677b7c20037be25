/** A process of a host that listens. */
export interface SeenListener {
  readonly hostId: string;
  readonly groupname: string;
  readonly address: string;
  readonly port: number;
  /** What the same process listens on first: it names the process. */
  readonly endpoint: string | null;
  readonly lastAt: number;
}

const ANY = new Set(['0.0.0.0', '::']);
const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** Who is reached at an address and port, as seen from a host. */
export class EndpointIndex {
  readonly #byHost = new Map<string, SeenListener[]>();
  readonly #exact = new Map<string, SeenListener[]>();
  readonly #addresses: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #hosts = new Map<string, string[]>();

  /** `addresses`: addresses and names of each host. */
  constructor(listeners: readonly SeenListener[], addresses: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#addresses = addresses;
    for (const listener of listeners) {
      push(this.#byHost, `${listener.hostId} ${listener.port}`, listener);
      push(this.#exact, `${listener.address} ${listener.port}`, listener);
    }
    for (const [hostId, own] of addresses) for (const address of own) push(this.#hosts, address, hostId);
  }

  /** `from`: the host that it is seen from; null where that is not known: loopback is then nobody. O(listeners of that port). */
  find(from: string | null, endpoint: string): SeenListener | undefined {
    const parts = partsOf(endpoint);
    if (parts === null) return undefined;
    const { address, port } = parts;
    if (from !== null) {
      const isOwn = LOOPBACK.test(address) || this.#addresses.get(from)?.has(address) === true;
      const found = this.#on(from, address, port, isOwn);
      if (found !== undefined || isOwn) return found;
    }
    if (LOOPBACK.test(address)) return undefined;
    for (const hostId of this.#hosts.get(address) ?? []) {
      const found = this.#on(hostId, address, port, true);
      if (found !== undefined) return found;
    }
    // An address that only a container has; of several hosts' with the same one nobody can tell whose it is.
    const exact = this.#exact.get(`${address} ${port}`) ?? [];
    return new Set(exact.map(({ hostId }) => hostId)).size === 1 ? exact[0] : undefined;
  }

  #on(hostId: string, address: string, port: number, isOwn: boolean): SeenListener | undefined {
    const listeners = this.#byHost.get(`${hostId} ${port}`) ?? [];
    const exact = listeners.find((one) => one.address === address);
    if (exact !== undefined || !isOwn) return exact;
    const named = address === 'localhost' ? listeners.find((one) => LOOPBACK.test(one.address)) : undefined;
    return named ?? listeners.find((one) => ANY.has(one.address)) ?? (isName(address) ? listeners[0] : undefined);
  }
}

/** `10.0.0.1:80`, `[::1]:80`, `db-1:5432`; null for anything else. */
function partsOf(endpoint: string): { readonly address: string; readonly port: number } | null {
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(endpoint) ?? [];
  return port === undefined ? null : { address: bracketed ?? plain ?? '', port: Number(port) };
}

/** A host by its name is any of its addresses. */
function isName(address: string): boolean {
  return !/^[\d.]+$/.test(address) && !address.includes(':');
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
