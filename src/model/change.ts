export const changeKinds = ['deployment', 'configuration', 'package', 'restart', 'schema', 'flag', 'other'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** A kind as a person reads it. */
export const changeKindWords: Readonly<Record<ChangeKind, string>> = {
  deployment: 'Deployment',
  configuration: 'Configuration',
  package: 'Package',
  restart: 'Restart',
  schema: 'Schema',
  flag: 'Flag',
  other: 'Other',
};

/** Something that people or programs changed: what everything else is held against. */
export interface Change {
  /** The same for the same change, so that what is told twice is kept once. */
  readonly id: string;
  /** When it took effect, ms UTC. */
  readonly at: number;
  readonly kind: ChangeKind;
  /** The host or target that was changed; null where only the service is known. */
  readonly entityId: string | null;
  /** The service's name; null where only the host is known. */
  readonly service: string | null;
  /** What was changed, as a person would say it: `shop`, `/etc/nginx/nginx.conf`, `openssl`. */
  readonly what: string;
  /** The versions (of a file, the start of its content's hash); null where not known. */
  readonly from: string | null;
  readonly to: string | null;
  /** Who did it; null where not known. */
  readonly by: string | null;
  /** Who says so: `api`, or how Auspex saw it itself (`packages`, `files`, `version`, `start time`). */
  readonly source: string;
  readonly url: string | null;
}

/** A change as it is reported: without an id it has that of what it says. */
export type ReportedChange = Omit<Change, 'id'> & { readonly id?: string | undefined };

/** What a collector saw changed on its own host. */
export type SeenChange = Pick<Change, 'at' | 'kind' | 'what' | 'from' | 'to' | 'by' | 'source'>;

/** A change in words, without where: `shop 1.4.0 → 1.5.0`. */
export function changeText({ kind, what, from, to }: Pick<Change, 'kind' | 'what' | 'from' | 'to'>): string {
  switch (kind) {
    case 'restart':
      return `${what} was started anew`;
    case 'configuration':
      return from === null && to !== null
        ? `${what} is new`
        : to === null && from !== null
          ? `${what} is gone`
          : `${what} was edited`;
    case 'package':
      if (from === null && to === null) return `${what} were changed`;
      if (from === null) return `${what} ${to} was installed`;
      return to === null ? `${what} ${from} was removed` : `${what} ${from} → ${to}`;
    default:
      return from !== null && to !== null ? `${what} ${from} → ${to}` : to !== null ? `${what} → ${to}` : what;
  }
}
