import { useMutation } from '@tanstack/react-query';
import type { Incident, IncidentChange, IncidentDetail } from '../../src/api/contract/index.ts';
import { call, queries } from './api.ts';
import { whyFixed } from './incident-words.ts';
import { useWhyNot } from './why-not.ts';

/* What a person may change about an incident, and how. */

/** Why the one who looks at the page cannot change an incident; null where they can. */
export function useWhyOff(incident: Incident): string | null {
  return useWhyNot() ?? whyFixed(incident, Date.now());
}

/** Sends a change; what it touches is read anew. */
export function useChange(incident: Incident, onDone: () => void = () => {}) {
  return useMutation({
    mutationFn: (body: IncidentChange) => call('changeIncident', { params: { id: incident.id }, body }),
    onSuccess: (changed: IncidentDetail) => {
      queries.setQueryData(['incident', { id: changed.id }, {}], changed);
      for (const key of ['incidents', 'incident', 'anomalies', 'anomaly', 'alerts', 'overview'])
        void queries.invalidateQueries({ queryKey: [key] });
      onDone();
    },
  });
}
