import { analyseTrouble } from '../decide/incident-analysis.ts';
import { replayBand } from '../detect/band-replay.ts';
import { scoreSamples } from '../detect/stream-scores.ts';
import { type ForecastRequest, forecastSeries, type SeriesForecast } from '../predict/forecast.ts';
import { type Champion, type PerformanceTraining, trainPerformance } from '../predict/performance.ts';
import type { FigureHistory } from '../predict/performance-features.ts';
import { analysePattern, type PatternAnalysis, type PatternOptions } from '../predict/patterns.ts';

/* What is too long for the event loop and asked for only now and then. It runs on a detection thread, between two batches: a thread of its own would cost every idle Auspex 11 MB. */

export interface PatternRequest extends PatternOptions {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

function forecast(request: ForecastRequest): SeriesForecast {
  return forecastSeries(request);
}

function pattern({ times, values, ...options }: PatternRequest): PatternAnalysis {
  return analysePattern(times, values, options);
}

export interface ScoreRequest {
  readonly history: FigureHistory;
  readonly seed: number;
  readonly champion: Champion | null;
}

function trainScore({ history, seed, champion }: ScoreRequest): PerformanceTraining {
  return trainPerformance(history, seed, champion);
}

/** By the name that TaskPool.run takes. */
export const tasks = { forecast, pattern, trainScore, replayBand, scoreSamples, analyseTrouble };
export type Tasks = typeof tasks;
