import { type CalendarFile, type FileOptions, readCalendarFile } from '../decide/calendar-file.ts';
import { analyseTrouble } from '../decide/incident-analysis.ts';
import { AuspexError } from '../errors.ts';
import { replayBand } from '../detect/band-replay.ts';
import { scoreSamples } from '../detect/stream-scores.ts';
import { bottleneckChance } from './bottleneck-chance.ts';
import { type Bottleneck, foreseeBottleneck } from '../predict/bottleneck.ts';
import type { BottleneckRequest } from '../predict/bottleneck-evidence.ts';
import { CAPACITY_MOST_DAYS, type Capacity, dailyPeaks, foreseeCapacity } from '../predict/capacity.ts';
import { type Exhaustion, exhaustion } from '../predict/exhaustion.ts';
import { type ForecastRequest, forecastSeries, type SeriesForecast } from '../predict/forecast.ts';
import { type Champion, type PerformanceTraining, trainPerformance } from '../predict/performance.ts';
import type { FigureHistory } from '../predict/performance-features.ts';
import { budgetExhaustion } from '../predict/violation.ts';
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

/** The fault as text: an error's code does not come over from a thread. */
function readCalendar({ text, options }: { text: string; options: FileOptions }): CalendarFile | { fault: string } {
  try {
    return readCalendarFile(text, options);
  } catch (error) {
    return { fault: AuspexError.from(error).message };
  }
}

function foreseeBottlenecks(requests: readonly BottleneckRequest[]): (Bottleneck | null)[] {
  return requests.map((request) => foreseeBottleneck(request, bottleneckChance));
}

export interface CapacityTask {
  /** Hourly means of weeks, each at its end. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly now: number;
  readonly limit: number;
}

function capacityOf({ times, values, now, limit }: CapacityTask): {
  filling: Exhaustion | null;
  capacity: Capacity | null;
} {
  const days = Math.max(1, Math.min(CAPACITY_MOST_DAYS, Math.floor((now - (times[0] ?? now)) / 86_400_000)));
  return {
    filling: exhaustion({ times, values, now, limit }),
    capacity: foreseeCapacity({ peaks: dailyPeaks(times, values, now, days), limit }),
  };
}

/** By the name that TaskPool.run takes. */
export const tasks = {
  forecast,
  pattern,
  trainScore,
  replayBand,
  scoreSamples,
  analyseTrouble,
  readCalendar,
  foreseeBottlenecks,
  foreseeCapacity: capacityOf,
  budgetExhaustion,
};
export type Tasks = typeof tasks;
