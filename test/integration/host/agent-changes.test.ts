import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startAgent } from '../../../src/compose-agent.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { IngestServer, reply } from './ingest-server.ts';

/* The whole agent before a server that is away: edits of the files that its configuration names. */

const ENROLLED = { agentId: 'a', entityId: 'host:m', instance: 'h', intervalSeconds: 10 };

test('edits of named files are told once the server takes them, also by an agent that was started anew', {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'auspex-agent-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'shop.yaml');
  writeFileSync(file, 'workers: 2\n');
  let isAway = false;
  const server = new IngestServer((request, response) => {
    if (request.path === '/api/agents') reply(200, ENROLLED)(request, response);
    else if (request.path === '/api/changes') reply(isAway ? 503 : 200, { recorded: 1, ids: ['1'] })(request, response);
    else reply(204)(request, response);
  });
  await server.start();
  onTestFinished(() => server.stop());
  /** What it was told of the folder, request by request. */
  const asked = () =>
    server.received
      .filter(({ path }) => path === '/api/changes')
      .map(({ body }) => (JSON.parse(String(body)) as { what: string }[]).filter(({ what }) => what.startsWith(folder)))
      .filter(({ length }) => length > 0);

  /** An agent that runs until something is so. */
  const run = async (watch: boolean, isSo: () => boolean): Promise<void> => {
    const stopping = new AbortController();
    const ended = startAgent(
      {
        url: server.url,
        token: undefined,
        home: join(folder, 'agent'),
        intervalMs: 1_000,
        spoolBytes: 10_000_000,
        caFile: undefined,
        changes: { watch, files: [join(folder, '*.yaml')] },
        log: createLogger('silent'),
        onEnrolled: () => {},
      },
      stopping.signal,
    );
    await expect.poll(isSo, { timeout: 60_000 }).toBe(true);
    stopping.abort();
    await ended;
  };
  const written = () => server.received.filter(({ path }) => path === '/api/v1/write').length;
  // The first look only remembers.
  await run(true, () => existsSync(join(folder, 'agent', 'changes.json')));
  expect(asked()).toEqual([]);

  isAway = true;
  writeFileSync(file, 'workers: 4\n');
  await run(true, () => asked().length >= 1);
  isAway = false;
  const before = asked().length;
  await run(true, () => asked().length > before);
  expect(asked().at(-1)).toEqual([expect.objectContaining({ what: file, kind: 'configuration', entity: 'host:m' })]);

  // Not where nothing is to be watched.
  const told = asked().length;
  writeFileSync(file, 'workers: 8\n');
  const seen = written();
  await run(false, () => written() >= seen + 3);
  expect(asked()).toHaveLength(told);
});
