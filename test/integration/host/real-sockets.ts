import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { systemStatfs } from '../../../src/collect/host/filesystem.ts';
import { createLinuxSampler, type Sampler } from '../../../src/collect/host/linux-sampler.ts';
import { formatLabels } from '../../../src/model/index.ts';

const clock = { now: Date.now, monotonic: () => performance.now() };

export function realSampler(closing: (() => void)[]): Sampler {
  const sampler = createLinuxSampler({ root: '/', clock, statfs: systemStatfs, ownPid: process.pid });
  closing.push(() => sampler.close());
  return sampler;
}

async function seen(sampler: Sampler): Promise<Map<string, number>> {
  const events = await sampler.sample(Date.now(), 1_000);
  const samples = events.flatMap((event) => (event.kind === 'samples' ? event.samples : []));
  const known = samples.filter(({ stale }) => stale !== true);
  return new Map(
    known.map(({ labels, value }) => [formatLabels(labels).replace(/,?instance="[^"]*",job="auspex"/, ''), value]),
  );
}

/** Collects until it shows `name`: what is looked at in one collection has its bounds. */
export async function shows(sampler: Sampler, name: string): Promise<Map<string, number>> {
  for (let i = 0; ; i++) {
    const values = await seen(sampler);
    if (values.has(name) || i === 100) {
      expect(
        [...values.keys()].filter((key) => key.startsWith('auspex_host_')),
        name,
      ).toContain(name);
      return values;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** A program of its own name, as its first line of output says it is ready. */
export async function program(
  closing: (() => void)[],
  name: string,
  code: string,
  prefix: readonly string[] = [],
  ...args: string[]
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'auspex-sockets-'));
  const script = join(folder, name);
  writeFileSync(script, code);
  const [command = '', ...rest] = [...prefix, process.execPath, script, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  closing.push(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return new Promise((ready) => child.stdout.once('data', (data: Buffer) => ready(data.toString().trim())));
}

/** Listens on the address that it is given and says its port. */
export const SERVER = `
const server = require('node:net').createServer((socket) => socket.on('error', () => {}));
server.listen({ port: 0, host: process.argv[2] }, () => console.log(server.address().port));`;
/** Opens three connections to the address and port that it is given. */
export const CLIENT = `
const [host, port] = process.argv.slice(2);
let open = 0;
for (let i = 0; i < 3; i++) require('node:net').connect({ host, port }, () => ++open === 3 && console.log('open'));`;
