import type { Incident } from '../../../src/model/index.ts';

/** An open incident of which people were told under a key, as far as the outbox reads it. */
export function toldIncident(id: string, key: string, more: Partial<Incident> = {}): Incident {
  return {
    id,
    title: id,
    class: 'unknown',
    severity: 'high',
    state: 'open',
    startedAt: 0,
    openedAt: 0,
    lastAt: 0,
    resolvedAt: null,
    toldAt: 0,
    leadAlertId: id,
    told: { key, signId: id, channels: [], escalation: null },
    priority: null,
    acknowledgedAt: null,
    assignee: null,
    verdict: 'none',
    mergedInto: null,
    apartFrom: [],
    entityId: 'host:a',
    entityIds: ['host:a'],
    pinned: { class: false, severity: false },
    signs: [],
    causes: [],
    steps: [],
    ...more,
  };
}
