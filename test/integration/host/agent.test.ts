import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { RemoteWriteDecoder } from '../../../src/collect/remote-write/decode.ts';
import { labelValue } from '../../../src/model/index.ts';
import { IngestServer, type Received, reply } from './ingest-server.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Starts an agent; resolves when it printed `lines` lines (then it is killed) or `empty`. The values it had kept. */
function runAgentProcess(
  url: string,
  folder: string,
  first: number,
  count: number,
  killAfter: number,
): Promise<number[]> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'agent-process.ts'), url, folder, String(first), String(count)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  cleanUps.push(() => child.kill('SIGKILL'));
  const kept: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line !== 'empty') kept.push(Number(line));
    if (kept.length >= killAfter) child.kill('SIGKILL');
  });
  return new Promise((resolve) => child.once('close', () => resolve(kept)));
}

/** Keeps what it took, as the store does: same series, time and value are one. */
class Ledger {
  readonly values = new Map<number, number>();
  taken = 0;
  instances = new Set<string>();
  readonly #decoder = new RemoteWriteDecoder({
    now: () => 1_800_000_000_000,
    resolve: (labels) => {
      this.instances.add(labelValue(labels, 'instance') ?? '');
      return labelValue(labels, '__name__') === 'auspex_agent_dropped_samples_total' ? 2 : 1;
    },
  });

  take(request: Received): void {
    const { batch } = this.#decoder.decode(request.body, request.headers);
    for (let i = 0; i < batch.count; i++) {
      if (batch.refs[i] === 2) continue;
      this.taken++;
      this.values.set(batch.times[i] ?? 0, batch.values[i] ?? Number.NaN);
    }
  }
}

const ENROLLED = { agentId: 'a', entityId: 'host:m', instance: 'h-2', intervalSeconds: 10 };

test('killed again and again, before a server that fails, hangs and dies: nothing lost, nothing twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'auspex-agent-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const ledger = new Ledger();
  let turn = 0;
  const server = new IngestServer((request, response) => {
    if (request.path === '/api/agents') {
      reply(++turn % 2 === 0 ? 503 : 200, ENROLLED)(request, response);
      return;
    }
    switch (++turn % 7) {
      case 0:
        reply(503)(request, response);
        return;
      case 1:
        // Takes it, and dies before it says so: the agent must send it again.
        ledger.take(request);
        response.socket?.destroy();
        return;
      case 2:
        response.socket?.destroy();
        return;
      case 3:
        if (turn % 21 === 3) return;
        break;
      default:
    }
    ledger.take(request);
    reply(204)(request, response);
  });
  await server.start();
  cleanUps.push(() => server.stop());

  const kept: number[] = [];
  for (let round = 0; round < 4; round++) {
    if (round === 2) await server.stop();
    kept.push(...(await runAgentProcess(server.url, folder, round * 1_000, 1_000, 15 + round * 13)));
    if (round === 2) await server.start();
  }
  kept.push(...(await runAgentProcess(server.url, folder, 9_000, 20, Number.POSITIVE_INFINITY)));

  expect(kept.length).toBeGreaterThanOrEqual(15 + 28 + 41 + 54 + 20);
  const missing = kept.filter((value) => ledger.values.get(1_700_000_000_000 + value) !== value);
  expect(missing).toEqual([]);
  // The server did see some of it twice, and under the name it gave.
  expect(ledger.taken).toBeGreaterThan(ledger.values.size);
  expect([...ledger.instances]).toEqual(['h-2']);
});
