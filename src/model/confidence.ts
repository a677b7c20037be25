export type ConfidenceBand = 'low' | 'medium' | 'high' | 'very high';

/**
 * How often statements like this one came true. `prior` means that nothing has been scored yet and the number is the
 * product's opening assumption; `measured` means the ledger's frequency over `sampleCount` scored statements.
 */
export interface Confidence {
  /** 0..1 */
  readonly value: number;
  readonly band: ConfidenceBand;
  readonly source: 'prior' | 'measured';
  readonly sampleCount: number;
}

export function confidenceBand(value: number): ConfidenceBand {
  return value >= 0.9 ? 'very high' : value >= 0.7 ? 'high' : value >= 0.4 ? 'medium' : 'low';
}

export function confidence(value: number, source: Confidence['source'], sampleCount: number): Confidence {
  return { value, band: confidenceBand(value), source, sampleCount };
}
