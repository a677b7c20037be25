import { execFileSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { CLIENT, program, realSampler, SERVER, shows } from './real-sockets.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

/** A network of its own beside the host's, with a wire between; null where that is not allowed. */
function ownNetwork(): string | null {
  const name = `auspex${process.pid}`;
  const ip = (...args: string[]): unknown => execFileSync('ip', args, { stdio: 'pipe' });
  try {
    ip('netns', 'add', name);
  } catch {
    return null;
  }
  closing.push(() => ip('netns', 'del', name));
  try {
    ip('link', 'add', `ax${process.pid}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('address', 'add', '10.213.7.1/24', 'dev', `ax${process.pid}`);
    ip('link', 'set', `ax${process.pid}`, 'up');
    ip('-n', name, 'address', 'add', '10.213.7.2/24', 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    return name;
  } catch {
    return null;
  }
}

test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'a program in a network of its own is reached by that network’s address, also by who is inside with it (root)',
  { timeout: 60_000 },
  async ({ skip }) => {
    const name = ownNetwork();
    if (name === null) return skip('this kernel makes no networks of their own');
    const inside = ['ip', 'netns', 'exec', name];
    const port = await program(closing, 'contained-server.cjs', SERVER, inside, '0.0.0.0');
    await program(closing, 'outside-client.cjs', CLIENT, [], '10.213.7.2', port);
    await program(closing, 'inside-client.cjs', CLIENT, inside, '127.0.0.1', port);
    const sampler = realSampler(closing);
    const talk = (client: string): string =>
      `auspex_host_connections{groupname="node ${client}",peer="10.213.7.2:${port}"}`;
    await shows(sampler, talk('inside-client.cjs'));
    const values = await shows(sampler, talk('outside-client.cjs'));
    expect(values.get(talk('outside-client.cjs'))).toBe(3);
    const server = 'groupname="node contained-server.cjs"';
    expect(
      values.get(`auspex_host_listener{address="10.213.7.2",endpoint="10.213.7.2:${port}",${server},port="${port}"}`),
    ).toBe(1);
    expect(values.get(`auspex_host_listener_connections{${server},port="${port}"}`)).toBe(6);
    const device = `device="ax${process.pid}"`;
    expect(values.get(`node_network_address_info{address="10.213.7.1",${device},netmask="24",scope="global"}`)).toBe(1);
  },
);
