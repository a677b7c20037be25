import { randomInt } from 'node:crypto';
import { readFile, rename, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type AccessControl, type AccessOptions, createAccess } from './access/access.ts';
import { openAuditKeys } from './access/audit-key.ts';
import { AuditLog } from './access/audit-log.ts';
import { takeNotes } from './access/audit-notes.ts';
import { auditedModels, itself } from './access/audited-models.ts';
import { recordSettings, recordSettingsSince, rememberSettings } from './access/audited-settings.ts';
import { askExternalModel } from './act/external-models.ts';
import { createHeartbeat, type Heartbeat } from './act/heartbeat.ts';
import { createNotifier, type Notifier } from './act/notify/notifier.ts';
import type { ServerParts, SettingsPort } from './api/http/ports.ts';
import { createLocalCaller, type LocalCaller } from './api/http/local-caller.ts';
import { type AuspexServer, createServer } from './api/http/server.ts';
import { createHostCollector } from './collect/host/host-collector.ts';
import { createScrapeFetch } from './collect/prometheus/scrape-fetch.ts';
import { createScraper, type Scraper } from './collect/prometheus/scraper.ts';
import { LogCounts } from './collect/logs/log-counts.ts';
import { RemoteWriteDecoder } from './collect/remote-write/decode.ts';
import { handleRemoteWrite } from './collect/remote-write/handle-remote-write.ts';
import { readCalendarFiles } from './compose-calendar.ts';
import { ObjectiveBook } from './compose-objectives.ts';
import { notifierSettings, routingOf } from './compose-notify.ts';
import { type OtlpParts, startOtlp } from './compose-otlp.ts';
import { RuleBook } from './compose-rules.ts';
import { createProbes, type ServiceProbes } from './compose-services.ts';
import { createChangeSource, createLogFiles, createSources } from './compose-sources.ts';
import type { Config } from './config/schema.ts';
import { secretsIn } from './config/redact.ts';
import { diffConfig } from './config/reload.ts';
import type { LoadedConfig } from './config/load.ts';
import { compileAnomalyRule } from './decide/anomaly-rules.ts';
import { compileForecastRule } from './decide/forecast-rules.ts';
import { compileUserRule } from './decide/user-rules.ts';
import { starterRules } from './decide/starter-rules.ts';
import type { AlertPolicy } from './engine/alert-keeper.ts';
import { DetectionThreads } from './engine/detection-threads.ts';
import { Engine } from './engine/engine.ts';
import type { SnapshotStore } from './engine/snapshots.ts';
import type { ComponentHealth, ExternalModels } from './engine/engine-view.ts';
import type { Repeat } from './engine/every.ts';
import { EntityRegistry, loadEntities } from './engine/entity-registry.ts';
import { AuspexError } from './errors.ts';
import type { Clock, CollectorHealth, Entity } from './model/index.ts';
import { ensureDirectory } from './platform/files.ts';
import { createOutbound, type Outbound, placeOf } from './platform/outbound.ts';
import { readSealed, writeSealed } from './platform/sealed-files.ts';
import { SecretKeys } from './platform/secret-keys.ts';
import type { KeyRing } from './platform/secrets.ts';
import { settleRestore } from './store/backup-restore.ts';
import { backupStream, clearBackupStaging } from './store/backup-write.ts';
import { openPostgresRecords } from './store/records/open-records.ts';
import { openStores, type StoreOptions, type Stores } from './store/open-stores.ts';
import { salvageWords } from './store/salvage.ts';
import { knowSecrets } from './telemetry/hide.ts';
import type { Logger } from './telemetry/log.ts';
import { registry as metricsRegistry } from './telemetry/metrics.ts';
import { version } from './version.ts';

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** A running Auspex. */
export interface RunningAuspex {
  readonly engine: Engine;
  readonly stores: Stores;
  readonly access: AccessControl;
  readonly probes: ServiceProbes;
  /** The operations of the API, without HTTP. */
  readonly caller: LocalCaller;
  /** Where the page is, with the base path. */
  readonly url: string;
  /** Reads the configuration again; a fault leaves the old one in force. @throws AuspexError CONFIG_INVALID. */
  reload(): Promise<void>;
  /** A sign-in link for the browser, valid once. */
  signInLink(): Promise<string>;
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly loaded: LoadedConfig;
  /** Reads the configuration again, for a reload. */
  readonly reload: () => LoadedConfig;
  readonly log: Logger;
  /** False for the library: no page, no API, nothing listens. */
  readonly listen: boolean;
  readonly clock?: Clock;
  /** A demonstration, on a time of its own: who was known when it was recorded. */
  readonly demonstration?: { readonly repeat: Repeat; readonly entities: readonly Entity[] };
  /** For tests: a store as on a slow disk. */
  readonly storeOptions?: Pick<StoreOptions, 'commitDelayMs'>;
}

/** Wires the parts together and starts them: stores, engine, collectors, notification, server. Ready when it resolves. */
export async function startAuspex(options: ComposeOptions): Promise<RunningAuspex> {
  const { log, clock = systemClock } = options;
  let { loaded } = options;
  const { config } = loaded;
  const startedAt = clock.now();
  const timeZone = config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const entities = new EntityRegistry(timeZone);
  knowSecrets(secretsIn(config));
  await settleRestore(config.home);
  const secretKeys = await SecretKeys.open(config.home);
  const stores = await openStores({
    ...options.storeOptions,
    keys: secretKeys.ring,
    home: config.home,
    limits: {
      series: config.limits.series,
      quotaBytes: config.store.quota,
      minFreeBytes: await neededFreeBytes(config),
    },
    retention: {
      rawMs: config.retention.raw,
      fiveMinuteMs: config.retention.fiveMinute,
      hourMs: config.retention.hour,
      recordsMs: config.retention.records,
    },
    fsync: config.store.fsync,
    clock,
    log,
    entityOf: (labels) => entities.idFor(labels, clock.now()),
    beforeSeries: async (records) => {
      await loadEntities(entities, records);
      entities.load(options.demonstration?.entities ?? []);
    },
    ...(config.records.postgres === null
      ? {}
      : { records: await openPostgresRecords(config.records.postgres, { recordsMs: config.retention.records }) }),
  });
  const stopping = new AbortController();
  const closers: (() => Promise<void>)[] = [() => stores.close()];
  const closeAll = async (): Promise<void> => {
    stopping.abort();
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    return await startParts();
  } catch (error) {
    await closeAll();
    throw error;
  }

  async function startParts(): Promise<RunningAuspex> {
    await clearBackupStaging(config.home);
    const outbound = createOutbound({ allow: config.outbound.allow });
    closers.push(() => outbound.close());
    const audit = await openAudit();
    const oidc = providerOf(config, outbound);
    const access = createAccess({ records: stores.records, home: config.home, clock, oidc });
    await access.start();
    const notifier = createNotifier({
      records: stores.records,
      ...notifierSettings(config, timeZone),
      clock,
      random: { next: () => randomInt(2 ** 32) / 2 ** 32 },
      outbound,
      log,
      groupMs: config.notify.group,
    });
    closers.push(() => notifier.stop());
    const collector = config.collect.host
      ? createHostCollector({ intervalMs: config.collect.interval, clock, log })
      : null;
    const scraper = createScraper({ jobs: config.scrape.jobs, clock, log, fetch: createScrapeFetch(outbound) });
    const sources = createSources({
      config,
      outbound,
      records: stores.records,
      stop: stopping.signal,
      isReady: () => collector === null || collector.health().lastCollectionAt !== null,
      clock,
      log,
    });
    const changes = createChangeSource(config, stores.records, { clock, log });
    const logs = new LogCounts({ clock, intervalMs: config.collect.interval });
    const logFiles = createLogFiles({
      config,
      records: stores.records,
      counts: logs,
      onErrors: (found) => otlp.errors.take(found),
      clock,
    });
    let started: Engine | null = null;
    const probes = createProbes({ engine: () => started, outbound, clock, log });
    const policy = policyOf(config, loaded, timeZone);
    const filed = (from: LoadedConfig) => readCalendarFiles(from, { timeZone, now: clock.now(), log });
    const engine = await Engine.start({
      metrics: stores.metrics,
      records: stores.records,
      models: auditedModels(stores.models, audit),
      registry: entities,
      snapshots: snapshotFiles(config.home, secretKeys.ring, log),
      clock,
      ...(options.demonstration === undefined ? {} : { repeat: options.demonstration.repeat }),
      log,
      options: {
        intervalMs: config.collect.interval,
        timeZone,
        policy,
        calendar: filed(loaded),
        disabledRules: starterRules.filter((rule) => config.alerts.starter[rule.name] === false),
        business: config.services.business,
      },
      threads: config.workers,
      externalModels: externalModelsOf(() => loaded.config, outbound),
      startDetection: (detection) =>
        new DetectionThreads({ threads: config.workers, intervalMs: config.collect.interval, ...detection }),
      componentsBeside: () =>
        componentsOf({
          stores,
          audit,
          notifier,
          collectors: [
            ...(collector === null ? [] : [collector.health()]),
            ...(config.scrape.jobs.length === 0 ? [] : [scraper.health()]),
            ...sources.map((source) => source.health()),
            ...(changes === null ? [] : [changes.health()]),
            ...(logs.isUsed ? [logs.health()] : []),
            ...(logFiles === null ? [] : [logFiles.health()]),
            ...(probes.prober.isUsed ? [probes.prober.health()] : []),
          ],
          startedAt,
        }),
      onMessages: () => notifier.wake(),
    });
    started = engine;
    closers.push(() => engine.close());
    const { metrics, records } = stores;
    const rules = new RuleBook({ engine, metrics, records, clock, log });
    await rules.load(loaded);
    const objectives = new ObjectiveBook({ engine, records, clock });
    await objectives.load(loaded);
    notifier.start();
    let heartbeat = startHeartbeat(config, engine, outbound);
    closers.push(() => Promise.resolve(heartbeat?.stop()));
    const otlp = startOtlp({ config, engine, entities, records: stores.records, logs, clock, log });
    closers.push(() => otlp.errors.close());
    const collecting = [collector, scraper, logs, logFiles, changes, probes.prober, ...sources].flatMap((one) =>
      one === null ? [] : [engine.collect(one, stopping.signal)],
    );
    closers.push(async () => {
      stopping.abort();
      await Promise.allSettled(collecting);
    });

    const settings: SettingsPort = {
      list: () => loaded.explain(),
      reload: async (by) => {
        const next = options.reload();
        const calendar = filed(next);
        knowSecrets(secretsIn(next.config));
        const change = diffConfig(loaded.config, next.config);
        const differing = [...change.changed, ...change.needRestart];
        await recordSettings(audit, loaded.explain(), next.explain(), by, differing);
        await rememberSettings({ records: stores.records, clock }, next.explain());
        const newPolicy = policyOf(next.config, next, timeZone);
        await objectives.load(next);
        engine.setPolicy(newPolicy);
        engine.calendar.setFiles(calendar);
        await rules.load(next);
        notifier.configure(notifierSettings(next.config, timeZone));
        await scraper.reload(next.config.scrape.jobs);
        heartbeat?.stop();
        heartbeat = startHeartbeat(next.config, engine, outbound);
        log.level = next.config.log.level;
        loaded = next;
        log.info({ changed: change.changed, needRestart: change.needRestart }, 'The configuration was read again');
        return change;
      },
    };
    const parts = serverParts({ engine, access, audit, notifier, settings, scraper, otlp, rules, objectives });
    const caller = createLocalCaller(parts);
    closers.push(() => Promise.resolve(caller.close()));
    const server = options.listen ? await listen(parts) : null;
    if (server !== null) closers.push(() => server.close());
    const url = server === null ? '' : addressOf(server, config);
    void settleKeys(secretKeys, audit, log);
    return {
      engine,
      stores,
      access,
      probes,
      caller,
      url,
      reload: async () => {
        // First, so that a fault in the configuration does not hold up the keys.
        await secretKeys.reload();
        await settleKeys(secretKeys, audit, log);
        await settings.reload('signal');
      },
      signInLink: async () => {
        const { code } = await access.makeLink();
        // Printed where Auspex was started: neither a full disk nor a slow one keeps the owner out.
        void audit.recordBounded({ actor: itself, action: 'session.link', outcome: 'done' });
        return `${url}/sign-in?code=${encodeURIComponent(code)}`;
      },
      close: closeAll,
    };
  }

  /** The audit log, with the start as its first row; watching goes on where that cannot be written. */
  async function openAudit(): Promise<AuditLog> {
    const { records } = stores;
    const { keys, replaced } = await openAuditKeys(config.home, secretKeys.ring);
    const audit = new AuditLog({ records, home: config.home, keys, clock, log });
    closers.push(async () => {
      await audit.record({ actor: itself, action: 'process.stop', outcome: 'done' }).catch(() => {});
      await audit.close();
    });
    try {
      await audit.record({ actor: itself, action: 'process.start', outcome: 'done', detail: { version } });
      if (replaced !== null) {
        log.error(`The key of the audit log was set aside; rows from before cannot be proved any more: ${replaced}`);
        await audit.record({ actor: itself, action: 'audit.key', outcome: 'done', detail: { reason: replaced } });
      }
      if (stores.salvaged !== null)
        await audit.record({
          actor: itself,
          action: 'records.salvage',
          outcome: 'done',
          detail: { tables: salvageWords(stores.salvaged) },
        });
      await takeNotes(config.home, audit);
      await recordSettingsSince({ audit, records, clock }, loaded.explain());
    } catch (error) {
      log.error({ error }, 'The start could not be written to the audit log');
    }
    return audit;
  }

  function serverParts(parts: {
    engine: Engine;
    access: AccessControl;
    audit: AuditLog;
    notifier: Notifier;
    settings: SettingsPort;
    scraper: Scraper;
    otlp: OtlpParts;
    rules: RuleBook;
    objectives: ObjectiveBook;
  }): ServerParts {
    const { engine, access, audit, notifier, settings, scraper, otlp, rules, objectives } = parts;
    const decoder = new RemoteWriteDecoder({
      resolve: (labels, kind) => engine.resolveSeries(labels, kind),
      limits: {
        bodyBytes: config.limits.bodyBytes,
        decodedBytes: config.limits.decompressedBytes,
        labelsPerSeries: config.limits.labels,
        labelNameBytes: config.limits.labelNameBytes,
        labelValueBytes: config.limits.labelValueBytes,
        futureMs: config.limits.future,
      },
      now: () => clock.now(),
    });
    return {
      engine,
      metrics: stores.metrics,
      records: stores.records,
      access,
      audit,
      settings,
      notifier,
      rules,
      objectives,
      remoteWrite: (body, headers) =>
        handleRemoteWrite(decoder, (batch) => engine.ingest('remote-write', batch), body, headers),
      otlp: otlp.receiver,
      backup: oneAtATime((withKeys) =>
        backupStream({
          home: config.home,
          version,
          createdAt: clock.now(),
          withKeys,
          hasRecords: config.records.postgres === null,
          hold: () => stores.hold(),
          copy: (path, copy) => stores.copy(path, copy),
        }),
      ),
      scrapeTargets: () =>
        scraper.targets().map((target) => ({
          ...target,
          labels: { ...target.labels },
          lastScrapeAt: target.lastScrapeAt === null ? null : new Date(target.lastScrapeAt).toISOString(),
        })),
      ownMetrics: () => metricsRegistry.metrics(),
      version,
      isDemonstration: options.demonstration !== undefined,
      startedAt,
      home: config.home,
      budget: { residentBytes: 160 * 1024 * 1024, cpuRatio: 0.015 },
      clock,
      log,
    };
  }

  async function listen(parts: ServerParts): Promise<AuspexServer> {
    const server = await createServer({
      ...parts,
      staticDir: fileURLToPath(new URL('../dashboard/dist', import.meta.url)),
      basePath: config.server.basePath,
      allowedHosts: config.server.hosts,
      trustedProxies: config.server.trustedProxies,
      limits: {
        remoteWriteBytes: config.limits.bodyBytes,
        connectionsPerSource: config.limits.connectionsPerSource,
      },
      ...(await certificateOf(config)),
    });
    await server.listen(config.server.listen.host, config.server.listen.port);
    return server;
  }

  function startHeartbeat({ notify }: Config, engine: Engine, outbound: Outbound): Heartbeat | null {
    if (notify.heartbeat.url === null) return null;
    const heartbeat = createHeartbeat({
      url: notify.heartbeat.url,
      intervalMs: notify.heartbeat.interval,
      method: notify.heartbeat.method,
      healthy: () => engine.components().every((component) => component.state !== 'failed'),
      outbound,
      clock,
      log,
    });
    heartbeat.start();
    return heartbeat;
  }
}

/** Two backups at once would share the place where copies are laid. */
function oneAtATime(make: (withKeys: boolean) => Readable): ServerParts['backup'] {
  let running: Readable | null = null;
  return ({ withKeys }) => {
    if (running?.destroyed === false)
      throw new AuspexError('CONFLICT', 'A backup is being made already; wait until it is done.');
    running = make(withKeys);
    return running;
  };
}

/** The sign-in provider, where one is configured. */
function providerOf({ server }: Config, outbound: Outbound): AccessOptions['oidc'] {
  const { issuer, clientId, clientSecretFile: _, ...rest } = server.oidc;
  return issuer === null || clientId === null ? undefined : { settings: { ...rest, issuer, clientId }, outbound };
}

/** The rules in force and the channels that are told; a name in `alerts.starter` that no rule has is named with its line. */
function policyOf(config: Config, loaded: LoadedConfig, timeZone: string): AlertPolicy {
  for (const name of Object.keys(config.alerts.starter)) {
    if (!starterRules.some((rule) => rule.name === name)) {
      throw loaded.fault(
        ['alerts', 'starter', name],
        `There is no starter rule "${name}". There are: ${starterRules.map((rule) => rule.name).join(', ')}.`,
      );
    }
  }
  return {
    rules: [
      ...starterRules.filter((rule) => config.alerts.starter[rule.name] !== false),
      ...config.alerts.rules.map(compileUserRule),
      ...config.alerts.forecasts.map(compileForecastRule),
      ...config.alerts.anomalies.map(compileAnomalyRule),
    ],
    channels: config.notify.channels,
    routing: routingOf(config, timeZone),
    groupMs: config.notify.group,
  };
}

/** The models elsewhere, as the configuration names them now. */
function externalModelsOf(now: () => Config, outbound: Outbound): ExternalModels {
  const listed = (): Config['models']['external'] => now().models.external;
  return {
    names: () => listed().map(({ name }) => name),
    predict: async (name, rows) => {
      const model = listed().find((one) => one.name === name);
      if (model === undefined) throw new AuspexError('NOT_FOUND', `No model elsewhere is called “${name}”.`);
      const items = await askExternalModel(outbound, model, rows);
      return {
        name,
        entityId: null,
        version: null,
        algorithm: 'external',
        meaning: `what ${placeOf(new URL(model.url))} says`,
        items: items.map((one) => ({ ...one, isUnusual: null })),
      };
    },
  };
}

function workOf({ name, samplesPerCollection }: CollectorHealth): string {
  return name === 'changes' ? 'sees packages and configuration files' : `reads ${samplesPerCollection} samples a turn`;
}

function componentsOf(parts: {
  stores: Stores;
  audit: AuditLog;
  notifier: Notifier;
  collectors: readonly CollectorHealth[];
  startedAt: number;
}): ComponentHealth[] {
  const problems = parts.stores.problems();
  const mail = parts.notifier.health();
  return [
    ...parts.collectors.map(
      (health): ComponentHealth => ({
        name: `collector ${health.name}`,
        kind: 'collector',
        state: health.state,
        since: health.since,
        message: health.problems[0] ?? (health.state === 'ok' ? workOf(health) : health.state),
        remedy: null,
      }),
    ),
    {
      name: 'store',
      kind: 'store',
      state: problems.length === 0 ? 'ok' : 'degraded',
      since: parts.startedAt,
      message: problems.at(-1) ?? 'takes in and answers',
      remedy:
        problems.length === 0
          ? null
          : 'What is set aside stays in the home folder; restore it from a backup if it matters.',
    },
    { name: 'audit log', kind: 'store', ...parts.audit.health() },
    {
      name: 'notification',
      kind: 'notifier',
      state: mail.state,
      since: parts.startedAt,
      message: mail.message,
      remedy: mail.remedy,
    },
  ];
}

/** Encrypts anew what an older key encrypted, beside everything else: it may take a while. */
async function settleKeys(keys: SecretKeys, audit: AuditLog, log: Logger): Promise<void> {
  try {
    const { rewritten, dropped } = await keys.settle();
    if (rewritten + dropped.length === 0) return;
    const detail = { key: keys.ring.currentId, dropped, files: rewritten };
    await audit.recordBounded({ actor: itself, action: 'secrets.rotate', outcome: 'done', detail });
    const words = keys.isOwnFile ? 'were dropped' : `are no longer needed: take them out of ${keys.ring.origin}`;
    log.info(
      { files: rewritten, key: keys.ring.currentId },
      `Models and learnt state are encrypted with the current key${dropped.length === 0 ? '' : `; the keys ${dropped.join(', ')} ${words}`}`,
    );
  } catch (error) {
    const reason = AuspexError.from(error).message;
    log.error(`Encrypting with the new key did not end, the old one is kept; it goes on at the next start: ${reason}`);
  }
}

/** What must stay free: as configured, on a small disk at most a twentieth of it, or nothing would ever be taken in. */
async function neededFreeBytes({ home, store }: Config): Promise<number> {
  await ensureDirectory(home);
  const disk = await statfs(home);
  return Math.min(store.minFree, (disk.blocks * disk.bsize) / 20);
}

/** Learnt state in files that are encrypted and never half written. */
function snapshotFiles(home: string, keys: KeyRing, log: Logger): SnapshotStore {
  const folder = join(home, 'state');
  const made = ensureDirectory(folder);
  return {
    save: async (name, bytes) => {
      await made;
      await writeSealed(home, `state/${name}`, bytes, keys);
    },
    load: async (name) => {
      await made;
      try {
        return await readSealed(home, `state/${name}`, keys);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        if (!(error instanceof AuspexError) || error.code !== 'STORE_DAMAGED') throw error;
        log.error(error.message);
        // No bytes are no state: whoever asked sets the file aside.
        return new Uint8Array(0);
      }
    },
    setAside: (name) => rename(join(folder, name), join(folder, `${name}.damaged`)),
  };
}

/** The server's own certificate, where one is configured. */
async function certificateOf({ server }: Config): Promise<{ tls?: { cert: string; key: string } }> {
  const { cert, key } = server.tls;
  if (cert === null || key === null) return {};
  try {
    return { tls: { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') } };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AuspexError('CONFIG_INVALID', `The certificate of server.tls cannot be read: ${reason}.`, { cause });
  }
}

function addressOf(server: AuspexServer, config: Config): string {
  const host = server.address?.host ?? config.server.listen.host;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${config.server.tls.cert === null ? 'http' : 'https'}://${shown}:${server.address?.port ?? config.server.listen.port}${config.server.basePath}`;
}
