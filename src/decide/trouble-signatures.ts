import type { IncidentClass } from '../model/index.ts';

/** Who a figure's change points at: the host or service that tells it, the network, or what a label of it names. */
export type Blame = 'entity' | 'network' | { readonly label: string };

/** A figure whose change is typical of a class of trouble. */
export interface Signature {
  readonly class: IncidentClass;
  readonly metric: RegExp;
  /** A label that must be so; one of several names. */
  readonly where?: readonly [names: string, value: RegExp];
  readonly side: 'rise' | 'fall' | 'any' | 'gone';
  /** The value from which on it counts, and then in full: it has a limit. */
  readonly from?: number;
  /** What is below this is background. */
  readonly least?: number;
  /** As that of `Evidence`. */
  readonly isSymptom?: true;
  /** Counts as well where there was no such series before: it was 0 then. */
  readonly isNewToo?: boolean;
  /** 1: fits, 2: typical, 3: hardly anything else does this. */
  readonly weight: number;
  readonly blame: Blame;
}

/** Seconds that are spent waiting for others. */
export const WAITS_FOR_OTHERS = /(dependency|client|upstream|outgoing)_(request_)?(duration|latency)_seconds_sum$/;

const at = (label: string): Blame => ({ label });

function signs(
  of: IncidentClass,
  blame: Blame,
  ...all: readonly (readonly [metric: RegExp, side: Signature['side'], weight: number, more?: Partial<Signature>])[]
): Signature[] {
  return all.map(([metric, side, weight, more = {}]) => ({ class: of, metric, side, weight, blame, ...more }));
}

/** Counters of errors by a code that says what it is: of the system, SQLSTATE, of Redis, of TLS. */
function codes(of: IncidentClass, weight: number, code: RegExp): Signature[] {
  const where: Signature['where'] = [CODE_LABELS, code];
  // Where it says of whom it speaks, that one is meant, else who counts.
  return signs(of, at('dependency'), [/err|fail|exception|reject/i, 'rise', weight, { where, isNewToo: true }]);
}

/** Labels that hold such a code. */
const CODE_LABELS = 'code,error,err,errno,error_code,reason,exception,type,status';

/**
 * What the usual exporters show in each class of trouble, by their metrics’ names and the naming rules behind them. From what these figures mean, not learnt
 * from files; the weights are coarse on purpose.
 */
export const signatures: readonly Signature[] = [
  ...codes('hang', 5, /^(57014|55P03|40P01|LockTimeout)$|lock wait|deadlock/i),
  ...codes('disk-full', 5, /^(ENOSPC|EDQUOT|EROFS|53100|DISK_FULL)$|no space left|read-only file/i),
  ...codes('resource-limit', 5, /^(EMFILE|ENFILE|53300|1040|OOM)$|too many (open files|clients|connections)/i),
  ...codes('memory-leak', 2, /^(ENOMEM|53200)$|out of memory|heap/i),
  ...codes('network', 5, /^(EHOSTUNREACH|ENETUNREACH|ENETDOWN)$|no route|unreachable/i),
  ...codes('network', 1.5, /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED)$|reset by peer|i\/o timeout/i),
  ...codes('dependency-failure', 3, /^(EAI_AGAIN|ENOTFOUND|EAI_NODATA)$|no such host|name resolution/i),
  ...codes('dependency-failure', 1.5, /^(ECONNREFUSED|08001|08006)$|connection refused/i),
  ...codes('bad-configuration', 5, /^(WRONGPASS|NOAUTH|NOPERM|28P01|28000|1045|EACCES)$|authenticat|access denied/i),
  ...codes('bad-configuration', 5, /CERT_|SELF_SIGNED|ERR_TLS|certificate/i),
  ...codes('bad-configuration', 5, /^(EADDRINUSE|configuration)$|address already in use/i),
  ...signs(
    'crash',
    'entity',
    [/restarts?(_total)?$/, 'rise', 2],
    [/^process_start_time_seconds$/, 'rise', 1.5],
    [/panics?_total$/, 'rise', 2.5],
  ),
  ...signs(
    'hang',
    'entity',
    [/^pg_stat_activity_max_tx_duration$/, 'rise', 2.5, { where: ['state', /idle in transaction/], from: 5 }],
    [/^pg_locks_count$/, 'rise', 2, { where: ['mode', /^(access)?exclusive/], from: 3 }],
    [/(row_)?lock_(waits?|time|current_waits)|deadlock/, 'rise', 2.5],
    [/blocked_(clients|queries)|waiting_(queries|threads)/, 'rise', 1.5],
  ),
  ...signs(
    'memory-leak',
    'entity',
    [/oom_(kill|events)/, 'rise', 2.5],
    [/^process_resident_memory_bytes$|^container_memory_(working_set|rss)/, 'rise', 1.5],
    [/(heap_(size_)?used|memory_used)_bytes$/, 'rise', 1],
    [/^auspex_service_memory_ratio$/, 'rise', 2, { from: 0.85 }],
  ),
  ...signs('memory-leak', at('cgroup'), [/^auspex_host_control_group_memory_ratio$/, 'rise', 2, { from: 0.85 }]),
  ...signs(
    'cpu-saturation',
    'entity',
    [/^node_pressure_cpu_waiting_seconds_total$/, 'rise', 1.5],
    [/^auspex_host_cpu_ratio$/, 'rise', 1.5, { from: 0.85 }],
    [/^node_schedstat_waiting_seconds_total$/, 'rise', 1],
    [/^(auspex_host_load_per_core|node_load1)$/, 'rise', 0.5],
  ),
  ...signs('cpu-saturation', at('groupname'), [
    /^auspex_host_process_group_cpu_cores$/,
    'rise',
    2,
    { from: 0.5, isNewToo: true },
  ]),
  ...signs(
    'disk-full',
    at('mountpoint'),
    [/^auspex_host_(disk|inode)_ratio$/, 'rise', 3, { from: 0.85 }],
    [/^node_filesystem_(readonly|device_error)$/, 'rise', 3],
    [/^node_filesystem_(size_bytes|files)$/, 'gone', 2.5],
  ),
  ...signs(
    'resource-limit',
    'entity',
    [/rejected_(calls|connections|requests)|_throttled_|evicted_keys/, 'rise', 2.5],
    [/^redis_(config_)?(maxmemory|maxclients)|^redis_memory_max_bytes$/, 'any', 1],
    [/^auspex_service_(open_files|connections)_ratio$/, 'rise', 3, { from: 0.8 }],
    [/^process_max_fds$/, 'fall', 3],
    [/cpu_cfs_throttled/, 'rise', 3],
    [/quota_exceeded|too_many_|limit_(exceeded|reached)|backlog_(full|overflow)|listen_?(drops|overflows)/i, 'rise', 2],
  ),
  ...signs(
    'network',
    'network',
    [/netstat_Tcp_RetransSegs|netstat_TcpExt_TCPLostRetransmit/, 'rise', 2, { least: 2 }],
    [/netstat_TcpExt_(TCPTimeouts|TCPSynRetrans)/, 'rise', 2, { least: 1 }],
    [/netstat_Tcp_(AttemptFails|EstabResets|OutRsts)/, 'rise', 1, { least: 2 }],
    [/node_network_(receive|transmit)_(errs|drop)/, 'rise', 2, { least: 1 }],
    [/node_network_(carrier_changes_total|up)/, 'any', 1.5],
  ),
  ...signs(
    'dependency-failure',
    'entity',
    [/^(redis|pg|mysql|mongodb|memcached|rabbitmq|kafka)_up$|^probe_success$/, 'fall', 2, { isSymptom: true }],
    [/(cache|keyspace)_misses/, 'rise', 1.5, { isSymptom: true }],
    [/^redis_db_keys$/, 'fall', 2],
    [/(master|replica|slave)_link|replication_lag|slave_lag/, 'any', 2],
  ),
  ...signs(
    'dependency-failure',
    at('dependency'),
    // Seconds that are waited in a second.
    [WAITS_FOR_OTHERS, 'rise', 1.5, { least: 0.3, isSymptom: true }],
    [/(dependency|client|upstream|outgoing)_(errors|failures)/, 'rise', 1.5, { isSymptom: true }],
  ),
  ...signs(
    'bad-configuration',
    'entity',
    [/config(uration)?_(last_)?reload_success(ful)?$/, 'fall', 3],
    [/ssl_earliest_cert_expiry|cert(ificate)?_(expir|not_after)/, 'fall', 2.5],
    [/auth(entication)?_(fail|denied|errors)|denied_auth|access_denied/, 'rise', 2.5],
    [/^auspex_service_refused_ratio$/, 'rise', 2],
    [/(ssl|tls)_(handshake_)?(errors|failed|failures)/, 'rise', 2],
  ),
  ...signs(
    'traffic-surge',
    'entity',
    [/connections_(accepted|handled|received)(_total)?$/, 'rise', 0.7],
    [/^auspex_host_network_receive_bytes_per_second$/, 'rise', 0.7],
  ),
  ...signs(
    'clock',
    'entity',
    [/clock_offset_seconds$|^node_timex_offset_seconds$/, 'any', 3],
    // Off by so much, secrets and certificates are not taken either: that is what comes of it.
    [/(clock|timex)_offset_seconds$/, 'any', 5, { least: 30 }],
  ),
  ...signs('security', 'entity', [
    /(failed|invalid)_(logins?|passwords?)|login_failures|sshd?_(failed|invalid)/,
    'rise',
    2.5,
  ]),
];

const OTHERS_USED =
  /^(up|auspex_host_(pressure_[a-z]+|memory|swap)_ratio|auspex_scrape_failed|scrape_duration_seconds|auspex_service_[a-z_]+|auspex_host_listener|namedprocess_namegroup_num_procs)$|^[a-z]+_up$/;

/** Whether a metric tells anything of a trouble's class. */
export function isUsed(metric: string): boolean {
  return OTHERS_USED.test(metric) || signatures.some((one) => one.metric.test(metric));
}
