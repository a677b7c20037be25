import { z } from 'zod';
import * as s from './schemas.ts';

/** What is asked about incidents beside the list, the one and its change. */
export const incidentRoutes = {
  similarIncidents: {
    method: 'GET',
    path: '/api/incidents/{id}/similar',
    access: 'read',
    tag: 'Incidents',
    summary: 'Incidents of before that are like this one, with what people noted and how they ended',
    params: z.object({ id: z.string().min(1).max(200) }),
    response: z.object({ items: z.array(s.similarIncident) }),
  },
} as const;
