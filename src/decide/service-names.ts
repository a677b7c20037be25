import { PROGRAMS } from '../model/index.ts';

/** What a program is commonly called where its exporter says it shorter. */
const SHOWN: Readonly<Record<string, string>> = { pg: 'postgres' };
const EXPORTER = /^prometheus-(?=.+-exporter$)|[-_. ]exporter$/g;
const INTERPRETER = /^(node|nodejs|bun|deno|python[\d.]*|pypy[\d.]*|ruby[\d.]*|perl[\d.]*|php[\d.]*|java) (.+)$/;
/** Scripts called so say nothing of what they are. */
const NAMELESS =
  /^(server|index|app|main|start|run|cli|worker|manage|www|web|api|dev|serve|gunicorn|uvicorn|wsgi|asgi|http\.server)$/;
/** Who speaks for a host or a whole cluster is no service of its own. */
const HOST_EXPORTER = /^(node|windows|process|cadvisor|kube-state-metrics|kubelet|systemd|smartctl|ipmi)$/;
/** Who looks at everything depends on none of it. */
const OBSERVER =
  /^(auspex|prometheus|victoria-?metrics|vmagent|vmsingle|grafana([- ](server|agent|alloy))?|alloy|otelcol.*|opentelemetry.*|telegraf|datadog.*|zabbix.*|nagios|icinga.*|blackbox.*|alertmanager|promtail|fluent-?bit|fluentd|vector)$/;
/** What every machine runs for itself, and tools by which people look at others. */
const SYSTEM =
  /^(curl|wget|psql|redis-cli|mysql|ssh|scp|sftp|rsync|apt.*|git.*|nc|ncat|socat|telnet|wrk|ab|k6|hey|chrom(e|ium).*|firefox.*|sshd.*|systemd.*|init|rpcbind|rpc\..*|cupsd|chronyd|ntpd|avahi-daemon|dnsmasq|dhclient|containerd.*|dockerd|docker-proxy|kubelet|kube-proxy|conmon|rootlessport|slirp4netns|master|exim4|unknown|other|\[.*)$/;

/** The program that something exports for: `redis-exporter`, `prometheus-redis-exporter` → `redis`. Null where it is no exporter. */
export function exportedBy(name: string): string | null {
  const bare = name.replaceAll(EXPORTER, '');
  return bare === name ? null : bare;
}

/** What a job is the service of; null where it speaks for hosts, or is Auspex's own. `redis-exporter` → `redis`. */
export function nameOfJob(job: string): string | null {
  const name = exportedBy(job) ?? job;
  if (name === '' || /^auspex(-derived)?$/.test(name) || HOST_EXPORTER.test(name)) return null;
  return programNamed(name) ?? name;
}

/** What a process group is the service of; null for what a machine runs for itself. `redis-server` → `redis`, `node shop.ts` → `shop`. */
export function nameOfProcess(groupname: string): string | null {
  const name = exportedBy(groupname) ?? groupname;
  if (SYSTEM.test(name) || OBSERVER.test(name) || HOST_EXPORTER.test(name)) return null;
  const [, , script] = INTERPRETER.exec(name) ?? [];
  if (script !== undefined) {
    const bare = script.replace(/\.[A-Za-z]{1,4}$/, '');
    return NAMELESS.test(bare) || bare === '' ? name : bare;
  }
  return programNamed(name) ?? name;
}

export function isObserver(groupname: string): boolean {
  return OBSERVER.test(groupname) || exportedBy(groupname) !== null;
}

const programs = Object.entries(PROGRAMS).map(([prefix, pattern]) => ({
  name: SHOWN[prefix] ?? prefix,
  whole: new RegExp(`^(${prefix}|${pattern.source})(ql|d|db|dbd|mq|mq-server|-server|\\.smp)?$`),
}));

/** A program by its own name or its daemon's: `postgres`, `redis-server`, `mysqld`; not `orders-redis`, of which there may be several. */
function programNamed(name: string): string | undefined {
  return programs.find(({ whole }) => whole.test(name))?.name;
}
