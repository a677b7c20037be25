import { readFileSync } from 'node:fs';
import { whyNoControlGroups } from './control-groups.ts';
import { SYSTEM_USER } from './data.ts';
import { program } from './execute.ts';

/** Each program and the Debian package that brings it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  nginx: 'nginx',
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  postgres: 'postgresql',
  initdb: 'postgresql',
  runsv: 'runit',
  sv: 'runit',
  dnsmasq: 'dnsmasq-base',
  openssl: 'openssl',
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  losetup: 'mount',
  'mkfs.ext4': 'e2fsprogs',
};

/** Why no gameday can run here; null when one can. */
export function whyNoGameday(): string | null {
  if (process.platform !== 'linux') return 'a gameday needs Linux';
  if (process.getuid?.() !== 0) return 'a gameday needs root: for namespaces, mounts and control groups of its own';
  const missing = Object.entries(PROGRAMS).filter(([name]) => program(name) === null);
  if (missing.length > 0) return `not installed: ${[...new Set(missing.map(([, debian]) => debian))].join(', ')}`;
  if (!readFileSync('/etc/passwd', 'utf8').includes(`\n${SYSTEM_USER}:`)) return `there is no user ${SYSTEM_USER}`;
  return whyNoControlGroups();
}
