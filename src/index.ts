import type { CallInput } from './api/client.ts';
import type { LiveTopic, OperationId, OperationOutput } from './api/contract/index.ts';
import { type RunningAuspex, startAuspex } from './compose.ts';
import { emissionOf, type ProgramSample, type ServiceOptions } from './compose-services.ts';
import { loadConfig } from './config/load.ts';
import type { EngineEvent } from './engine/engine-view.ts';
import { createLogger } from './telemetry/log.ts';

export { AuspexError, type ErrorCode } from './errors.ts';
export type * from './api/contract/index.ts';
export type { ProgramSample, ServiceOptions } from './compose-services.ts';
export type { EngineEvent } from './engine/engine-view.ts';

export interface AuspexOptions {
  /** Where everything is kept; the same default as the command's. */
  readonly home?: string;
  /** A configuration file; else `auspex.yaml` in the home folder, where there is one. */
  readonly config?: string;
  /** Seconds between two readings of the host, 1 to 300. */
  readonly interval?: number;
  /** Serve the page and the API too; false unless told. */
  readonly listen?: boolean;
  /** Watch the machine that the program runs on; true unless told. */
  readonly watchHost?: boolean;
  /** `silent` unless told. */
  readonly logLevel?: string;
}

/** A service as it was when it was registered. */
export type RegisteredService = OperationOutput<'service'> & {
  /** Asks it no more and removes it; its history stays. What is seen of it afterwards brings it back as a service that is found. */
  unregister(): Promise<void>;
};

/**
 * Auspex inside a program: the same engine, the same answers as the API.
 *
 *     const auspex = await Auspex.start({ home: './state' });
 *     auspex.on('anomalies', (event) => console.log(event.finding.summary));
 *     await auspex.record([{ name: 'orders_per_minute', labels: { job: 'shop' }, value: 42 }]);
 *     const { sentence } = await auspex.call('overview');
 *     await auspex.close();
 *
 * One home folder serves one Auspex at a time: STORE_LOCKED otherwise.
 */
export class Auspex {
  readonly #running: RunningAuspex;

  private constructor(running: RunningAuspex) {
    this.#running = running;
  }

  /** Ready when it resolves, about a third of a second. @throws AuspexError CONFIG_INVALID, STORE_LOCKED, STORE_NEWER, STORE_FAILED, ADDRESS_IN_USE. */
  static async start(options: AuspexOptions = {}): Promise<Auspex> {
    const flags = {
      home: options.home,
      config: options.config,
      interval: options.interval === undefined ? undefined : `${options.interval}s`,
      'collect.host': options.watchHost,
    };
    const read = () => loadConfig({ flags });
    return new Auspex(
      await startAuspex({
        loaded: read(),
        reload: read,
        log: createLogger(options.logLevel ?? 'silent'),
        listen: options.listen === true,
      }),
    );
  }

  /** Where the page is, when it listens; else empty. */
  get url(): string {
    return this.#running.url;
  }

  /** Any operation of the API by its name in the contract: `call('forecasts', { query: { horizon: '24h' } })`. @throws AuspexError */
  call<K extends OperationId>(operation: K, input?: CallInput<K>): Promise<OperationOutput<K>> {
    return this.#running.caller.call(operation, input);
  }

  /** Takes samples in; durable when it resolves. Refused past the limit on series. @throws AuspexError STORE_FULL, TOO_BUSY. */
  async record(samples: readonly ProgramSample[]): Promise<void> {
    await this.#running.engine.record(samples.map((sample) => emissionOf(sample)));
  }

  /**
   * Registers a service: what it calls, how it is asked whether it is well, what it tells. The same name again changes it. Kept until
   * `unregister`; the functions only as long as this program runs. @throws AuspexError BAD_REQUEST.
   */
  async registerService(options: ServiceOptions): Promise<RegisteredService> {
    const { probes } = this.#running;
    const id = await probes.register(options);
    const service = await this.call('service', { params: { id } });
    return { ...service, unregister: () => probes.unregister(id, options.name) };
  }

  /** Calls back for every event of a topic until the returned function is called. */
  on<T extends Exclude<LiveTopic, never>>(
    topic: T,
    listener: (event: Extract<EngineEvent, { topic: T }>) => void,
  ): () => void {
    return this.#running.engine.subscribe(null, (event) => {
      if (event.topic === topic) listener(event as Extract<EngineEvent, { topic: T }>);
    }).stop;
  }

  /** Saves what is learnt and ends. */
  close(): Promise<void> {
    return this.#running.close();
  }
}
