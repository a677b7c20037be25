/** A run of labelled (or reported) positions: first and last, both counted. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The runs of ones. */
export function spansOf(isAnomaly: Uint8Array): Span[] {
  const spans: Span[] = [];
  let from = -1;
  for (let i = 0; i <= isAnomaly.length; i++) {
    const is = i < isAnomaly.length && isAnomaly[i] !== 0;
    if (is && from < 0) from = i;
    if (!is && from >= 0) {
      spans.push({ from, to: i - 1 });
      from = -1;
    }
  }
  return spans;
}

/** Scores by events. Counts stand beside ratios: few events make ratios of little worth. */
export interface EventScore {
  readonly events: number;
  readonly found: number;
  readonly reported: number;
  readonly rightly: number;
  /** Share of events that some report overlaps; NaN without events. */
  readonly recall: number;
  /** Share of reports that overlap some event; NaN without reports. */
  readonly precision: number;
  readonly f1: number;
}

/**
 * Labelled events against reported ones: an event is found when a report overlaps it, a report is right when it overlaps
 * an event. Nothing is adjusted: a report of a thousand rows is one report, and long reports that cover everything show in
 * `rightly` ÷ `reported` only when there are others; so look at the covered share of quiet rows besides. O(n).
 */
export function eventScore(isEvent: Uint8Array, isReported: Uint8Array): EventScore {
  const events = spansOf(isEvent);
  const reports = spansOf(isReported);
  const found = events.filter((event) => overlapsAny(event, isReported)).length;
  const rightly = reports.filter((report) => overlapsAny(report, isEvent)).length;
  const recall = found / events.length;
  const precision = rightly / reports.length;
  const sum = recall + precision;
  return {
    events: events.length,
    found,
    reported: reports.length,
    rightly,
    recall,
    precision,
    f1: sum > 0 ? (2 * recall * precision) / sum : 0,
  };
}

function overlapsAny(span: Span, marks: Uint8Array): boolean {
  for (let i = span.from; i <= span.to; i++) if (marks[i]) return true;
  return false;
}

/** Row by row, nothing adjusted: F1 and the shares of false alarms (of quiet rows) and missed rows (of labelled ones), as SKAB counts them. */
export function rowScore(
  isEvent: Uint8Array,
  isReported: Uint8Array,
): { f1: number; falseAlarmRatio: number; missedRatio: number } {
  let hit = 0;
  let wrong = 0;
  let missed = 0;
  let quiet = 0;
  for (let i = 0; i < isEvent.length; i++) {
    if (isEvent[i] && isReported[i]) hit++;
    else if (isEvent[i]) missed++;
    else if (isReported[i]) wrong++;
    else quiet++;
  }
  return {
    f1: hit > 0 ? (2 * hit) / (2 * hit + wrong + missed) : 0,
    falseAlarmRatio: wrong / (wrong + quiet),
    missedRatio: missed / (missed + hit),
  };
}
