import { QueryClient, type UseQueryOptions, keepPreviousData, useQuery } from '@tanstack/react-query';
import type { OperationId, OperationOutput, Problem, routes } from '../../src/api/contract/index.ts';

/* The HTTP border. Paths stand here again because the contract's module carries zod, which the page does not load;
   the compiler holds them equal to the contract's. */
const paths = {
  overview: '/api/overview',
  entities: '/api/entities',
  entity: '/api/entities/{id}',
  performance: '/api/entities/{id}/performance',
  patterns: '/api/entities/{id}/patterns',
  metrics: '/api/metrics',
  series: '/api/series',
  chart: '/api/chart',
  chartBand: '/api/chart/band',
  seriesScores: '/api/series/scores',
  cardinality: '/api/cardinality',
  anomalies: '/api/anomalies',
  anomaly: '/api/anomalies/{id}',
  judgeAnomaly: '/api/anomalies/{id}/verdict',
  alerts: '/api/alerts',
  incidents: '/api/incidents',
  incident: '/api/incidents/{id}',
  similarIncidents: '/api/incidents/{id}/similar',
  changeIncident: '/api/incidents/{id}',
  changes: '/api/changes',
  services: '/api/services',
  serviceGraph: '/api/services/graph',
  service: '/api/services/{id}',
  changeService: '/api/services/{id}',
  removeService: '/api/services/{id}',
  changeDependency: '/api/services/dependencies',
  alertRules: '/api/alert-rules',
  rules: '/api/rules',
  tryRule: '/api/rules/try',
  importRules: '/api/rules/import',
  removeImportedRules: '/api/rules/import/{name}',
  objectives: '/api/objectives',
  addObjective: '/api/objectives',
  changeObjective: '/api/objectives/{id}',
  removeObjective: '/api/objectives/{id}',
  silences: '/api/silences',
  addSilence: '/api/silences',
  removeSilence: '/api/silences/{id}',
  calendar: '/api/calendar',
  addCalendarEntry: '/api/calendar',
  changeCalendarEntry: '/api/calendar/{id}',
  removeCalendarEntry: '/api/calendar/{id}',
  importCalendar: '/api/calendar/import',
  channels: '/api/channels',
  testChannel: '/api/channels/{id}/test',
  notifyPlan: '/api/notify',
  notifyRoute: '/api/notify/route',
  notifications: '/api/notifications',
  detectorPrecision: '/api/detectors/precision',
  outlook: '/api/outlook',
  forecasts: '/api/forecasts',
  models: '/api/models',
  model: '/api/models/{name}',
  trainModel: '/api/models/{name}/train',
  promoteModel: '/api/models/{name}/promote',
  ledger: '/api/ledger',
  predictions: '/api/predictions',
  status: '/api/status',
  targets: '/api/targets',
  agents: '/api/agents',
  settings: '/api/settings',
  reloadSettings: '/api/settings/reload',
  tokens: '/api/tokens',
  addToken: '/api/tokens',
  removeToken: '/api/tokens/{id}',
  session: '/api/session',
  audit: '/api/audit',
  verifyAudit: '/api/audit/verify',
  signOut: '/api/session',
  signIn: '/api/session',
  signInWays: '/api/session/ways',
  claimAccount: '/api/session/account',
  changePassword: '/api/session/password',
  signOutEverywhere: '/api/sessions',
  users: '/api/users',
  addUser: '/api/users',
  changeUser: '/api/users/{id}',
  resetUser: '/api/users/{id}/reset',
} as const satisfies { readonly [K in OperationId]?: (typeof routes)[K]['path'] };

const methods: { readonly [K in OperationId]?: (typeof routes)[K]['method'] } = {
  judgeAnomaly: 'POST',
  changeIncident: 'POST',
  changeService: 'POST',
  removeService: 'DELETE',
  changeDependency: 'POST',
  addSilence: 'POST',
  tryRule: 'POST',
  importRules: 'POST',
  removeImportedRules: 'DELETE',
  addObjective: 'POST',
  changeObjective: 'PUT',
  removeObjective: 'DELETE',
  removeSilence: 'DELETE',
  addCalendarEntry: 'POST',
  changeCalendarEntry: 'PUT',
  removeCalendarEntry: 'DELETE',
  importCalendar: 'POST',
  testChannel: 'POST',
  notifyRoute: 'POST',
  trainModel: 'POST',
  promoteModel: 'POST',
  reloadSettings: 'POST',
  addToken: 'POST',
  removeToken: 'DELETE',
  signOut: 'DELETE',
  signIn: 'POST',
  claimAccount: 'POST',
  changePassword: 'POST',
  signOutEverywhere: 'DELETE',
  addUser: 'POST',
  changeUser: 'PUT',
  resetUser: 'POST',
};

export type Operation = keyof typeof paths;
export interface Input {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** A file, in place of JSON. */
  readonly text?: { readonly type: 'text/calendar' | 'application/yaml'; readonly content: string };
  readonly signal?: AbortSignal;
}

/** What went wrong, in the API's own form; also where no answer came at all. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
  }
  static from(thrown: unknown): ProblemError {
    if (thrown instanceof ProblemError) return thrown;
    return new ProblemError({
      type: 'about:blank',
      title: 'Auspex does not answer',
      status: 0,
      code: 'UNREACHABLE',
      detail: `No answer from ${base.origin}.`,
      remedy:
        'Check that it runs (auspex doctor) and that the network lets you through; this page tries again by itself.',
    });
  }
}

export const base = new URL(document.baseURI);

/** The address of an API path below the base path that the server was given. */
export function apiUrl(path: string, query: Input['query'] = {}): URL {
  const url = new URL(path.replace(/^\//, ''), base);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

let csrf: string | null = null;

/** Another session began in this browser: what was read and the token belong to the one before. */
export async function newSession(): Promise<void> {
  csrf = null;
  await queries.resetQueries();
}

/** Calls one operation of the contract. Throws a ProblemError, whatever went wrong. */
export async function call<K extends Operation>(operation: K, input: Input = {}): Promise<OperationOutput<K>> {
  const path = paths[operation].replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(input.params?.[name] ?? ''),
  );
  const method = methods[operation] ?? 'GET';
  const headers: Record<string, string> = { accept: 'application/json' };
  const known = csrf !== null;
  // Who signs in has no session yet that could tell the token.
  if (method !== 'GET' && operation !== 'signIn') {
    csrf ??= (await call('session')).csrf;
    if (csrf !== null) headers['x-csrf-token'] = csrf;
  }
  const request: RequestInit = { method, headers, credentials: 'same-origin' };
  if (input.signal !== undefined) request.signal = input.signal;
  if (input.body !== undefined) {
    headers['content-type'] = 'application/json';
    request.body = JSON.stringify(input.body);
  }
  if (input.text !== undefined) {
    headers['content-type'] = input.text.type;
    request.body = input.text.content;
  }
  let response: Response;
  try {
    response = await fetch(apiUrl(path, input.query), request);
  } catch (thrown) {
    if (input.signal?.aborted === true) throw thrown;
    throw ProblemError.from(thrown);
  }
  if (!response.ok) {
    csrf = null;
    // Signed out elsewhere, or shut out: asked again, the page shows how to come in.
    if (response.status === 401 && operation !== 'session' && operation !== 'signIn')
      void queries.invalidateQueries({ queryKey: ['session'] });
    // The server may have begun anew since the token was read: once more with a fresh one.
    if (response.status === 403 && known && method !== 'GET') return call(operation, input);
    throw await problemOf(response);
  }
  if (response.status === 204) return undefined as OperationOutput<K>;
  return (await response.json()) as OperationOutput<K>;
}

async function problemOf(response: Response): Promise<ProblemError> {
  try {
    const body = (await response.json()) as Partial<Problem>;
    if (typeof body.code === 'string') return new ProblemError(body as Problem);
  } catch {
    // Not our answer: a proxy's page, say. Told below.
  }
  return new ProblemError({
    type: 'about:blank',
    title: 'Something between this page and Auspex answered',
    status: response.status,
    code: 'UNREACHABLE',
    detail: `The answer was HTTP ${response.status} in a form that Auspex does not send.`,
    remedy: 'Check the proxy in front of Auspex.',
  });
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Auspex often runs on a machine without the internet: the browser's idea of being online says nothing.
      networkMode: 'always',
      staleTime: 30_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) =>
        failures < 2 && ![400, 401, 403, 404, 409].includes(ProblemError.from(error).problem.status),
      placeholderData: keepPreviousData,
    },
    mutations: { networkMode: 'always' },
  },
});

/** What is planned was changed here: whatever shows it reads it again. */
export function changedCalendar(): void {
  for (const key of ['calendar', 'silences', 'overview']) void queries.invalidateQueries({ queryKey: [key] });
}

/** The incidents that are open, asked for under one key wherever they are named. */
export const openIncidents = { query: { state: 'open', limit: 100 } } as const;

export interface Answer<T> {
  readonly data: T | undefined;
  readonly problem: Problem | null;
  readonly pending: boolean;
  readonly refetch: () => void;
}

/** Reads one operation and keeps it; the key is the operation with its input. */
export function useApi<K extends Operation>(
  operation: K,
  input: Omit<Input, 'signal'> = {},
  options: Partial<Pick<UseQueryOptions<OperationOutput<K>>, 'enabled' | 'staleTime' | 'refetchInterval'>> = {},
): Answer<OperationOutput<K>> {
  const result = useQuery<OperationOutput<K>>({
    queryKey: [operation, input.params ?? {}, input.query ?? {}],
    queryFn: ({ signal }) => call(operation, { ...input, signal }),
    ...(options as object),
  });
  return {
    data: result.data,
    problem: result.error === null ? null : ProblemError.from(result.error).problem,
    pending: result.isPending,
    refetch: () => void result.refetch(),
  };
}
