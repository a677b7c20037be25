/** How many requests a second over time. */
export type LoadShape =
  | { readonly shape: 'steady'; readonly rate: number }
  /** A day pressed into a period: least at its beginning (night), most in its middle. The mean is `rate`. */
  | { readonly shape: 'daily'; readonly rate: number; readonly periodSeconds: number }
  /** From `rate` to `peak` within the ramp, then stays. `hot` is what the crowd came for. */
  | {
      readonly shape: 'surge';
      readonly rate: number;
      readonly peak: number;
      readonly rampSeconds: number;
      readonly hot?: { readonly item: number; readonly share: number };
    };

/** No load is ever above this, whatever is asked for: requests a second. */
export const HIGHEST_RATE = 1_200;

/** A quarter of the mean at night, seven quarters at noon. */
const DAILY_SWING = 0.75;

/** Requests a second at so many seconds after the shape began. */
export function rateAt(shape: LoadShape, seconds: number): number {
  return Math.min(HIGHEST_RATE, Math.max(0, plainRate(shape, seconds)));
}

function plainRate(shape: LoadShape, seconds: number): number {
  switch (shape.shape) {
    case 'steady':
      return shape.rate;
    case 'daily':
      return shape.rate * (1 - DAILY_SWING * Math.cos((2 * Math.PI * seconds) / shape.periodSeconds));
    case 'surge': {
      const part = shape.rampSeconds > 0 ? Math.min(1, seconds / shape.rampSeconds) : 1;
      return shape.rate + (shape.peak - shape.rate) * part;
    }
  }
}
