import type { Handlers } from './handlers.ts';
import { alertHandlers } from './handlers/alerts.ts';
import { analyticsHandlers } from './handlers/analytics.ts';
import { anomalyHandlers } from './handlers/anomalies.ts';
import { auditHandlers } from './handlers/audit.ts';
import { backupHandlers } from './handlers/backup.ts';
import { changeHandlers } from './handlers/changes.ts';
import { calendarHandlers } from './handlers/calendar.ts';
import { exploreHandlers } from './handlers/explore.ts';
import { errorHandlers } from './handlers/errors.ts';
import { exportHandlers } from './handlers/export.ts';
import { forecastHandlers } from './handlers/forecasts.ts';
import { incidentHandlers } from './handlers/incidents.ts';
import { ingestHandlers } from './handlers/ingest.ts';
import { itselfHandlers } from './handlers/itself.ts';
import { jobHandlers } from './handlers/jobs.ts';
import { modelHandlers } from './handlers/models.ts';
import { notificationHandlers } from './handlers/notification.ts';
import { nowHandlers } from './handlers/now.ts';
import { reportedAlertHandlers } from './handlers/reported-alerts.ts';
import { serviceHandlers } from './handlers/services.ts';
import { ruleHandlers } from './handlers/rules.ts';
import { sessionHandlers } from './handlers/session.ts';
import { userHandlers } from './handlers/users.ts';
import type { ServerParts } from './ports.ts';
import type { ProcessLoad } from './process-load.ts';
import type { SessionCookie } from './sign-in.ts';

/** A handler for every route of the contract. */
export function handlersOf(parts: ServerParts, load: ProcessLoad, cookie: SessionCookie): Handlers {
  return {
    ...nowHandlers(parts),
    ...exploreHandlers(parts),
    ...anomalyHandlers(parts),
    ...alertHandlers(parts),
    ...calendarHandlers(parts),
    ...notificationHandlers(parts),
    ...incidentHandlers(parts),
    ...changeHandlers(parts),
    ...serviceHandlers(parts),
    ...forecastHandlers(parts),
    ...modelHandlers(parts),
    ...analyticsHandlers(parts),
    ...jobHandlers(parts),
    ...errorHandlers(parts),
    ...itselfHandlers(parts, load),
    ...sessionHandlers(parts, cookie),
    ...userHandlers(parts),
    ...auditHandlers(parts),
    ...backupHandlers(parts),
    ...exportHandlers(parts),
    ...ingestHandlers(parts),
    ...reportedAlertHandlers(parts),
    ...ruleHandlers(parts),
  };
}
