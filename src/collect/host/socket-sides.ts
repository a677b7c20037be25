import { endpoint, type Socket } from './socket-table.ts';

/** A socket that listens. */
export interface Listener {
  readonly inode: number;
  readonly port: number;
  /** As the socket is bound. */
  readonly address: string;
  /** As others call it. */
  readonly addresses: readonly string[];
  /** Established connections that came in by it. */
  connections: number;
}

/** An established connection that goes out. */
export interface Outgoing {
  readonly inode: number;
  readonly peer: string;
}

const ANY = new Set(['0.0.0.0', '::']);
const LOOPBACK = /^(127\.|::1$)/;
/** The kernel's own default. */
const FIRST_EPHEMERAL_PORT = 32_768;

/** `names`: the addresses of a container's network; null for the host's, whose loopback is what all mean by it. */
export function listenersOf(sockets: readonly Socket[], names: readonly string[] | null, id: string): Listener[] {
  const listeners = sockets
    .filter(({ isListening }) => isListening)
    .map(({ inode, localAddress, localPort }): Listener => {
      const all = names === null || !ANY.has(localAddress) ? [shown(localAddress, names, id)] : names;
      const addresses = all.length > 0 ? all : [shown('127.0.0.1', names, id)];
      return { inode, port: localPort, address: localAddress, addresses, connections: 0 };
    });
  const byPort = Map.groupBy(listeners, ({ port }) => port);
  for (const { isListening, localAddress, localPort } of sockets) {
    if (isListening) continue;
    const listener = listenerFor(byPort.get(localPort), localAddress);
    if (listener !== undefined) listener.connections++;
  }
  return listeners;
}

function listenerFor(listeners: readonly Listener[] | undefined, address: string): Listener | undefined {
  return listeners?.find((one) => one.address === address) ?? listeners?.find((one) => ANY.has(one.address));
}

export function outgoingOf(
  sockets: readonly Socket[],
  listeners: readonly Listener[],
  names: readonly string[] | null,
  id: string,
): Outgoing[] {
  const byPort = Map.groupBy(listeners, ({ port }) => port);
  return sockets.flatMap(({ isListening, localAddress, localPort, remoteAddress, remotePort, inode }) => {
    if (isListening || listenerFor(byPort.get(localPort), localAddress) !== undefined) return [];
    // Who listened is gone, or goes on with what it had taken: this is its end of it.
    if (remotePort >= FIRST_EPHEMERAL_PORT && localPort < FIRST_EPHEMERAL_PORT) return [];
    // Of two such ports on one host the one where nobody listens is no service.
    const isBoth = remotePort >= FIRST_EPHEMERAL_PORT && LOOPBACK.test(remoteAddress);
    if (isBoth && listenerFor(byPort.get(remotePort), remoteAddress) === undefined) return [];
    return [{ inode, peer: endpoint(shown(remoteAddress, names, id), remotePort) }];
  });
}

/** A container's loopback by the container's address; where it has none, with the number of its network behind it. */
function shown(address: string, names: readonly string[] | null, id: string): string {
  if (names === null || !LOOPBACK.test(address)) return address;
  return names[0] ?? `${address}%${id}`;
}
