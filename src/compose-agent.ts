import { hostname } from 'node:os';
import { join } from 'node:path';
import { enrolled } from './api/contract/index.ts';
import { createHostCollector } from './collect/host/host-collector.ts';
import { encodeEmissions, relabelWriteRequest } from './collect/remote-write/encode.ts';
import { createSender } from './collect/remote-write/sender.ts';
import { systemClock } from './compose.ts';
import { runAgent } from './engine/agent.ts';
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
        onEnrolled: (enrolment) => settings.onEnrolled(enrolment.instance),
        log,
      },
      signal,
    );
  } finally {
    await sender.close();
  }
}
