import { confidence, type Finding } from '../../../src/model/index.ts';

/** An open finding on the CPU of host:a, seen at `at`. */
export function sampleFinding(id: string, at: number, over: Partial<Finding> = {}): Finding {
  return {
    id,
    entityId: 'host:a',
    detector: 'entity',
    subject: 'cpu',
    resource: 'cpu',
    severity: 'high',
    score: 0.999,
    direction: 'high',
    onsetAt: at,
    detectedAt: at,
    lastAt: at,
    endedAt: null,
    status: 'open',
    verdict: 'none',
    confidence: confidence(0.7, 'prior', 0),
    summary: 'CPU of a is at 97 %.',
    contributions: [],
    culprits: [{ kind: 'process', name: 'stress-ng', pid: 7, evidence: 'uses 1.9 cores' }],
    actions: ['Look at stress-ng.'],
    counterfactual: 'Below 80 % this would be no finding.',
    pages: true,
    ...over,
  };
}
