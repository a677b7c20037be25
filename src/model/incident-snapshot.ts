/** What was going on around an incident when it opened, or when another was suspected: gathered by itself, kept as evidence. */
export interface IncidentSnapshot {
  /** ms UTC. */
  readonly at: number;
  readonly reason: 'opened' | 'suspect';
  /** Who was most likely behind it then; null where nobody was. */
  readonly suspect: string | null;
  readonly sections: readonly SnapshotSection[];
  /** What of it says most: at most three lines, for messages. */
  readonly summary: readonly string[];
}

export interface SnapshotSection {
  /** `Processes on vm` */
  readonly title: string;
  readonly lines: readonly string[];
}
