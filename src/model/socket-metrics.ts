/**
 * Who listens on a host and who talks to whom, as its collector sees it in the kernel's tables of sockets. All but addresses carry
 * `groupname`, as process groups do; listeners and connections also `endpoint`: the lowest address and port that the same process listens
 * on, which tells apart programs of one name. A process that does not listen has none.
 */
export const socketMetrics = {
  /** 1 while a process listens; labels `port`, `address`. `0.0.0.0` and `::` stand for every address of the host. */
  listener: 'auspex_host_listener',
  /** Gauge: established connections that came in by a listener; label `port`. */
  listenerConnections: 'auspex_host_listener_connections',
  /** Gauge: established connections that go out; label `peer`: address and port of the side that listens. */
  connections: 'auspex_host_connections',
  /** 1 for each address by which others reach the host; labels `device`, `address`, `netmask`, `scope`. node_exporter's name (`--collector.netdev.address-info`). */
  address: 'node_network_address_info',
} as const;

/** `groupname` of sockets whose process cannot be told: for want of rights, or the kernel's own. */
export const UNKNOWN_PROCESS = 'unknown';

/** What `peer` stands for when more names came in a day than are kept apart. */
export const OTHER_PEERS = 'other';
