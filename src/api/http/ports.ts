import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { AccessControl } from '../../access/access.ts';
import type { EngineView } from '../../engine/engine-view.ts';
import type {
  FileRule,
  ObjectiveView,
  ParsedRules,
  RuleHealth,
  RuleProblem,
  TriedAlert,
} from '../../engine/rules-view.ts';
import type { AuspexError } from '../../errors.ts';
import type { AuditReport, AuditTrail, Clock, MetricStore, Objective, RecordStore } from '../../model/index.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { channel, scrapeTarget, setting } from '../contract/index.ts';

export type SettingView = z.infer<typeof setting>;
type ChannelView = z.infer<typeof channel>;
type ChannelTimes = 'failingSinceAt' | 'waitingSinceAt' | 'lastDeliveredAt';
/** A channel as the notifier knows it: times in ms UTC. */
export interface ChannelState extends Omit<ChannelView, ChannelTimes> {
  readonly failingSince: number | null;
  readonly waitingSince: number | null;
  readonly lastDeliveredAt: number | null;
}
export type ScrapeTargetView = z.infer<typeof scrapeTarget>;

/** Sessions, tokens and sign-in: what the server needs of `access/`. */
export type AccessPort = Pick<
  AccessControl,
  | 'authenticate'
  | 'authorise'
  | 'checkCsrf'
  | 'makeLink'
  | 'redeemLink'
  | 'signOut'
  | 'addToken'
  | 'revokeToken'
  | 'tokens'
  | 'people'
  | 'oidc'
  | 'onChange'
>;

/** Where acts are written before they are done; its rows are read from the records. */
export interface AuditPort extends AuditTrail {
  verify(): Promise<AuditReport>;
}

export interface SettingsPort {
  /** The values in force; secrets are already replaced. */
  list(): readonly SettingView[] | Promise<readonly SettingView[]>;
  /** Reads the file again. Rejects with CONFIG_INVALID; then the old values stay. */
  reload(by: string): Promise<{ readonly changed: readonly string[]; readonly needRestart: readonly string[] }>;
}

export interface NotifierPort {
  channels(): Promise<readonly ChannelState[]>;
  /** Sends a test message. Rejects with NOT_FOUND for an unknown channel; a failed delivery is an answer, not an error. */
  test(channel: string): Promise<{ readonly delivered: boolean; readonly detail: string }>;
}

/** What the remote-write receiver answers: status and headers by the protocol, and a problem where something was refused. */
export interface RemoteWriteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly problem?: AuspexError;
}
export type RemoteWrite = (
  body: Buffer,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
) => Promise<RemoteWriteAnswer>;

/** What the OTLP receiver answers: also a failure is a body of its protocol. */
export interface OtlpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}
export interface OtlpPort {
  metrics(body: Buffer, headers: Readonly<Record<string, string | readonly string[] | undefined>>): Promise<OtlpAnswer>;
  logs(body: Buffer, headers: Readonly<Record<string, string | readonly string[] | undefined>>): Promise<OtlpAnswer>;
}

/** Bounds of one server. All have defaults. */
export interface HttpLimits {
  /** Bytes of a JSON body. */
  readonly bodyBytes: number;
  /** Bytes of a remote-write body, compressed. */
  readonly remoteWriteBytes: number;
  /** Bytes of all remote-write bodies that are held at once; beyond, senders are told to come again. */
  readonly heldBodyBytes: number;
  /** Connections at once from one address; more are closed as they come. */
  readonly connectionsPerSource: number;
  /** Connections at once in all. */
  readonly connections: number;
  /** Live connections at once. */
  readonly webSockets: number;
  /** Bytes waiting for one slow reader before samples are left out; at twice as many it is cut off. */
  readonly webSocketBufferBytes: number;
  readonly heartbeatMs: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveMs: number;
  /** A connection on which nothing moves for so long is cut: a reader that stalled, a handler that hangs. */
  readonly idleMs: number;
  /** How long requests under way may take to finish when the server stops. */
  readonly closeGraceMs: number;
}

export const defaultLimits: HttpLimits = {
  bodyBytes: 1024 * 1024,
  remoteWriteBytes: 16 * 1024 * 1024,
  heldBodyBytes: 32 * 1024 * 1024,
  connectionsPerSource: 500,
  connections: 4000,
  webSockets: 200,
  webSocketBufferBytes: 1024 * 1024,
  heartbeatMs: 15_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveMs: 65_000,
  idleMs: 300_000,
  closeGraceMs: 5000,
};

/** The rules of files and imports, with how they fare. */
export interface RulesPort {
  rules(): readonly {
    readonly rule: FileRule;
    readonly source: 'file' | 'import';
    readonly health: RuleHealth;
  }[];
  problems(): readonly RuleProblem[];
  /** What a file's rules are; kept and evaluated unless it is a dry run. Rejects with FILE_INVALID where none can be. */
  import(name: string, text: string, isDryRun: boolean): Promise<ParsedRules>;
  /** Rejects with NOT_FOUND. */
  remove(name: string): Promise<void>;
  /** When an expression would have fired. Rejects with BAD_REQUEST. */
  tryOut(
    expression: string,
    forMs: number,
    days: number,
  ): Promise<{ readonly from: number; readonly to: number; readonly alerts: readonly TriedAlert[] }>;
}

type NewObjective = Omit<Objective, 'id' | 'createdBy' | 'createdAt'>;

/** Objectives with how they stand. */
export interface ObjectivesPort {
  list(): readonly (ObjectiveView & { readonly isConfigured: boolean })[];
  /** The new one's id. Rejects with BAD_REQUEST, CONFLICT. */
  add(objective: NewObjective, by: string): Promise<string>;
  /** Rejects with NOT_FOUND, and with CONFLICT for one of the configuration. */
  change(id: string, objective: NewObjective): Promise<void>;
  remove(id: string): Promise<void>;
}

/** Everything the server answers from. */
export interface ServerParts {
  readonly rules: RulesPort;
  readonly objectives: ObjectivesPort;
  readonly engine: EngineView;
  readonly metrics: MetricStore;
  readonly records: RecordStore;
  readonly access: AccessPort;
  readonly audit: AuditPort;
  readonly settings: SettingsPort;
  readonly notifier: NotifierPort;
  readonly remoteWrite: RemoteWrite;
  readonly otlp: OtlpPort;
  /** Everything as tar.gz. Throws CONFLICT while another one is made. */
  readonly backup: (options: { readonly withKeys: boolean }) => Readable;
  readonly scrapeTargets: () => readonly ScrapeTargetView[];
  /** The text of /metrics. */
  readonly ownMetrics: () => Promise<string>;
  /** What is not up yet, in words; /readyz answers 503 while there is any. */
  readonly waitingFor?: () => readonly string[];
  readonly version: string;
  /** What is shown was recorded: said on every page and with every answer. */
  readonly isDemonstration?: boolean;
  /** ms UTC. */
  readonly startedAt: number;
  /** The home folder, as shown on the status page. */
  readonly home: string;
  /** The budget that the status page compares with; the disk's is the store's quota. */
  readonly budget?: { readonly residentBytes: number; readonly cpuRatio: number };
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ServerOptions extends ServerParts {
  /** The built dashboard; where there is none, a page says so. */
  readonly staticDir: string;
  /** `/auspex` behind a proxy, or '' . Requests are taken with and without it. */
  readonly basePath: string;
  /** Host names by which it may be called, beside loopback and the address it listens on. */
  readonly allowedHosts: readonly string[];
  /** Addresses and ranges of proxies on other machines whose word on whom they speak for is believed. */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<HttpLimits>;
  /** Certificate with its chain and key, PEM; plain HTTP without. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Calls `work` every so many ms until the returned function is called; a timer unless told. For tests. */
  readonly every?: (ms: number, work: () => void) => () => void;
  /** Hold answers against the contract: in tests and development. */
  readonly checkAnswers?: boolean;
}
