export type ModelStatus = 'serving' | 'previous' | 'damaged';

/** A trained model in the registry: which, from what, how good. */
export interface ModelMetadata {
  /** `performance`, `host-anomaly`, `forecast:cpu` … */
  readonly name: string;
  readonly entityId: string;
  readonly version: number;
  readonly algorithm: string;
  readonly status: ModelStatus;
  readonly trainedAt: number;
  readonly trainedFrom: number;
  readonly trainedTo: number;
  readonly sampleCount: number;
  readonly featureNames: readonly string[];
  readonly sizeBytes: number;
  /** SHA-256 of the file, hex. */
  readonly checksum: string;
  /** Measured at training on data held out: each with its unit in the name. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly trainingMs: number;
  /** Why it was set aside; null for a healthy one. */
  readonly fault: string | null;
}
