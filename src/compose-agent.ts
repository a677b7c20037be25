import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { enrolled } from './api/contract/index.ts';
import { createChangeCollector } from './collect/changes/change-collector.ts';
import { createHostCollector } from './collect/host/host-collector.ts';
import { encodeEmissions, relabelWriteRequest } from './collect/remote-write/encode.ts';
import { createSender, type Sender } from './collect/remote-write/sender.ts';
import { systemClock } from './compose.ts';
import { runAgent } from './engine/agent.ts';
import { writeFileAtomic } from './platform/files.ts';
import { Spool } from './store/spool.ts';
import { knowSecrets } from './telemetry/hide.ts';
import type { Logger } from './telemetry/log.ts';
import { version } from './version.ts';

export interface AgentSettings {
  /** The server's base address. */
  readonly url: string;
  readonly token: string | undefined;
  readonly home: string;
  readonly intervalMs: number;
  readonly spoolBytes: number;
  readonly caFile: string | undefined;
  /** What of this machine is watched for changes, as `collect.changes` says. */
  readonly changes: { readonly watch: boolean; readonly files: readonly string[] };
  readonly log: Logger;
  readonly onEnrolled: (instance: string) => void;
}

/** Runs the host collector for a server elsewhere until the signal; what cannot be delivered waits on the disk. */
export async function startAgent(settings: AgentSettings, signal: AbortSignal): Promise<void> {
  const { url, token, home, intervalMs, caFile, log } = settings;
  if (token !== undefined) knowSecrets([token]);
  const spool = await Spool.open(join(home, 'spool'), { quotaBytes: settings.spoolBytes });
  const sender = createSender({
    url,
    log,
    ...(token === undefined ? {} : { token }),
    ...(caFile === undefined ? {} : { caFile }),
  });
  const instance = hostname();
  let changes: Promise<void> = Promise.resolve();
  try {
    await runAgent(
      {
        collector: createHostCollector({ intervalMs, instance, clock: systemClock, log }),
        spool,
        version,
        instance,
        enrol: async (introduction, abort) => enrolled.parse(await sender.post('/api/agents', introduction, abort)),
        send: (bytes, abort) => sender.send(bytes, abort),
        encode: encodeEmissions,
        relabel: (bytes, name) => relabelWriteRequest(bytes, 'instance', name),
        onEnrolled: ({ instance: name, entityId }) => {
          settings.onEnrolled(name);
          if (settings.changes.watch) changes = tellChanges(settings, sender, entityId, signal);
        },
        log,
      },
      signal,
    );
  } finally {
    await changes;
    await sender.close();
  }
}

/**
 * What is changed on this machine, told to the server as it is seen. How far was read is kept in the home folder once the server has it: what it
 * did not take is told after its return, also by an agent that was started anew.
 */
async function tellChanges(
  { home, log, changes: { files } }: AgentSettings,
  sender: Sender,
  entity: string,
  signal: AbortSignal,
): Promise<void> {
  const path = join(home, 'changes.json');
  const state = {
    load: async (): Promise<unknown> => JSON.parse(await readFile(path, 'utf8').catch(() => 'null')),
    save: (value: unknown) => writeFileAtomic(path, JSON.stringify(value)),
  };
  const collector = createChangeCollector({ files, state, clock: systemClock, log });
  await collector.start(async (event) => {
    if (event.kind !== 'changes') return;
    const body = event.changes.map((change) => ({ ...change, at: new Date(change.at).toISOString(), entity }));
    await sender.post('/api/changes', body, signal);
  }, signal);
}
