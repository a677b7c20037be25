/** One figure of one service over the rows of `times`; NaN = missing. */
export interface ServiceSeries {
  readonly service: string;
  readonly metric: string;
  readonly values: Float64Array;
}

/** Who calls whom. */
export interface Call {
  readonly from: string;
  readonly to: string;
}

export interface CauseQuestion {
  /** ms, ascending. */
  readonly times: Float64Array;
  readonly series: readonly ServiceSeries[];
  readonly calls: readonly Call[];
  /** Whose trouble it is; the metric that shows it, where known. */
  readonly target: { readonly service: string; readonly metric: string | null };
  /** When the trouble began, ms. */
  readonly at: number;
  /** When it was over, ms; by default half an hour later or the last row. */
  readonly until: number | null;
}
