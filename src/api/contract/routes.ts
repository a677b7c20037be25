import type { z } from 'zod';
import { overviewRoutes } from './overview.ts';
import { entityRoutes } from './entities.ts';
import { seriesRoutes } from './series.ts';
import { anomalyRoutes } from './anomalies.ts';
import { alertRoutes } from './alerts.ts';
import { incidentRoutes } from './incidents.ts';
import { forecastRoutes } from './forecasts.ts';
import { modelRoutes } from './models.ts';
import { changeRoutes } from './changes.ts';
import { jobRoutes } from './jobs.ts';
import { ownRoutes } from './itself.ts';
import { accessRoutes } from './access.ts';
import { auditRoutes } from './audit.ts';
import { exportRoutes } from './export.ts';
import { ingestRoutes } from './ingest.ts';
import { calendarRoutes } from './calendar.ts';
import { notificationRoutes } from './notification.ts';
import type { Route } from './route.ts';
import { ruleRoutes } from './rules.ts';
import { serviceRoutes } from './services.ts';

/** Every route but the two pages of the browser (sign-in, the page itself) and the live socket. */
export const routes = {
  ...overviewRoutes,
  ...entityRoutes,
  ...seriesRoutes,
  ...anomalyRoutes,
  ...alertRoutes,
  ...ruleRoutes,
  ...incidentRoutes,
  ...notificationRoutes,
  ...calendarRoutes,
  ...forecastRoutes,
  ...serviceRoutes,
  ...modelRoutes,
  ...jobRoutes,
  ...changeRoutes,
  ...ownRoutes,
  ...accessRoutes,
  ...auditRoutes,
  ...exportRoutes,
  ...ingestRoutes,
} as const satisfies Record<string, Route>;

export type OperationId = keyof typeof routes;
type RouteOf<K extends OperationId> = (typeof routes)[K];
type Infer<T> = T extends z.ZodType ? z.output<T> : Record<string, never>;
/** What a handler is given, validated. */
export interface OperationInput<K extends OperationId> {
  readonly params: RouteOf<K> extends { params: infer P } ? Infer<P> : Record<string, never>;
  readonly query: RouteOf<K> extends { query: infer Q } ? Infer<Q> : Record<string, never>;
  readonly body: RouteOf<K> extends { body: infer B } ? Infer<B> : undefined;
}
/** What a caller gets. */
export type OperationOutput<K extends OperationId> = RouteOf<K> extends { response: infer R } ? Infer<R> : undefined;
