/**
 * CPU of what the host collector reads of sockets: the first look, one when nothing is new, one when a connection is new each time.
 * `node bench/collector/sockets.ts [collections] [idle processes to add] [connections to hold]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { ProcessTable } from '../../src/collect/host/process-table.ts';
import { Scratch } from '../../src/collect/host/proc-file.ts';
import { SampleSet } from '../../src/collect/host/sample-set.ts';
import { SocketSource } from '../../src/collect/host/sockets.ts';

const collections = Number(process.argv[2] ?? 100);
const idle = Array.from({ length: Number(process.argv[3] ?? 300) }, () =>
  spawn('sleep', ['1000'], { stdio: 'ignore' }),
);
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
async function open(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}
const held: Socket[] = [];
for (let i = 0; i < Number(process.argv[4] ?? 100); i++) held.push(await open());

const scratch = new Scratch();
const table = new ProcessTable('/', scratch, process.pid);
// The clock stands still: each collection looks, whatever it costs.
const source = new SocketSource('/', scratch, table.processes, { now: () => 0, monotonic: () => 0 });
const set = new SampleSet([]);
async function collect(): Promise<number> {
  await table.scan();
  const before = process.cpuUsage();
  set.begin(Date.now(), 10);
  await source.collect(set);
  set.finish();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
const first = await collect();
for (let i = 0; i < 50; i++) await collect();
let quiet = 0;
for (let i = 0; i < collections; i++) quiet += await collect();
let busy = 0;
for (let i = 0; i < collections; i++) {
  held.push(await open());
  busy += await collect();
}
process.stdout.write(
  `${table.processes.size} processes, ${held.length - collections} connections: first ${first.toFixed(1)} ms, ` +
    `${(quiet / collections).toFixed(2)} ms when nothing is new, ${(busy / collections).toFixed(2)} ms with a new connection each time\n`,
);
source.close();
for (const socket of held) socket.destroy();
server.close();
for (const child of idle) child.kill('SIGKILL');
