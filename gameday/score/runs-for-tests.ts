import type { ProbeSecond, RunRecord, Told } from '../contract.ts';

const START = Date.UTC(2026, 0, 5, 12);

/** Seconds from the start of a run. */
export const second = (n: number): number => START + n * 1000;

/** A probe's second in which `failed` of 10 requests went wrong. */
export function probed(n: number, failed = 0): ProbeSecond {
  return {
    at: second(n),
    sent: 10,
    right: 10 - failed,
    wrong: failed,
    lost: 0,
    slowestMs: 20,
    faults: failed === 0 ? {} : { 'HTTP 500': failed },
  };
}

export function said(n: number, over: Partial<Told> = {}): Told {
  return {
    at: second(n),
    kind: 'finding',
    id: `told-${n}`,
    severity: 'high',
    class: null,
    culprits: [],
    summary: 'Something is unusual.',
    ...over,
  };
}

/** A run of 100 s: the fault from 20 to 80. `failing`: the seconds in which half of the requests failed. */
export function runOf(over: Partial<RunRecord> = {}, failing: (n: number) => boolean = () => false): RunRecord {
  return {
    scenario: '01-killed',
    arm: 'auspex',
    seed: 1,
    isHarmless: false,
    isExam: false,
    pace: 'hard',
    truth: { class: 'crash', severity: 'critical', culprits: ['api-1'], fix: 'restart' },
    startedAt: second(0),
    injectedAt: second(20),
    undoneAt: second(80),
    endedAt: second(100),
    probe: Array.from({ length: 100 }, (_, n) => probed(n, failing(n) ? 5 : 0)),
    told: [],
    broken: null,
    ...over,
  };
}
