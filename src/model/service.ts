/** Where a dependency is known from. */
export type DependencyOrigin = 'declared' | 'connection' | 'label' | 'person';

/** One service calls another; ids of services. */
export interface Dependency {
  readonly from: string;
  readonly to: string;
  readonly origins: readonly DependencyOrigin[];
  readonly lastSeenAt: number | null;
}

/** Who is part of what, and who calls whom, as known now. */
export interface ServiceGraph {
  serviceOf(entityId: string): string | null;
  nameOf(serviceId: string): string;
  entitiesOf(serviceId: string): readonly string[];
  dependencies(): readonly Dependency[];
}

/** How it is asked whether a service is well: an answer below 400 of an address, a connection that opens, or the program's own word. */
export type HealthCheck =
  | {
      readonly kind: 'http' | 'tcp';
      readonly target: string;
      readonly intervalMs: number;
      readonly timeoutMs: number;
      /** Who chose the address: the program that Auspex is part of, or anybody who may register a service. */
      readonly by: 'configured' | 'given';
    }
  | { readonly kind: 'callback'; readonly intervalMs: number; readonly timeoutMs: number };

/** What a service says of itself when it is registered. */
export interface ServiceRegistration {
  /** As the program calls it: the `job` of its samples, also when people call it otherwise. */
  readonly name: string;
  readonly check: HealthCheck | null;
  /** Names of services that it calls. */
  readonly dependencies: readonly string[];
  /** How it is started, stopped and scaled, for people and for what acts later. */
  readonly start: string | null;
  readonly stop: string | null;
  readonly scale: string | null;
}

/** A service as it is kept. `keys`: what was discovered under these is it (`job=shop`, `process=redis`, `name=shop`). */
export interface ServiceRow {
  readonly id: string;
  readonly name: string;
  readonly keys: readonly string[];
  /** A person named, merged or split it: it is kept although nothing of it is seen. */
  readonly isCorrected: boolean;
  readonly registration: ServiceRegistration | null;
  /** Names of its metrics that tell how the business goes: orders, sign-ups, revenue. */
  readonly business: readonly string[];
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** It was removed then: what was seen under its keys until then is not found again. Null for one that is there. */
  readonly removedAt: number | null;
}

/** A dependency as it is kept; its id is `<from> <to>`. */
export interface DependencyRow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly origins: readonly DependencyOrigin[];
  /** A person took it away: it stays away. */
  readonly isRemoved: boolean;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number | null;
}

/** What a person changes of a service. */
export type ServiceChange =
  | { readonly kind: 'rename'; readonly name: string }
  /** All of it becomes part of another service. */
  | { readonly kind: 'merge'; readonly into: string }
  /** These of its keys become a service of their own. */
  | { readonly kind: 'split'; readonly keys: readonly string[]; readonly name: string }
  | { readonly kind: 'business'; readonly metrics: readonly string[] };

/** A person's word on who calls whom. */
export interface DependencyChange {
  readonly kind: 'add' | 'remove';
  readonly from: string;
  readonly to: string;
}

/** A process that is part of a service: a group of a host, with what it listens on. */
export interface ServiceProcess {
  readonly entityId: string;
  readonly groupname: string;
  /** Null where it listens on nothing. */
  readonly endpoint: string | null;
}

/** 0..100, of a service at one moment, with the label `service`; a series of the host that Auspex runs on. */
export const SERVICE_HEALTH_METRIC = 'auspex_health_service';
/** 0..100, of everything watched. */
export const FLEET_HEALTH_METRIC = 'auspex_health_fleet';
