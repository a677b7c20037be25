import { z } from 'zod';
import { type Route, routes } from '../contract/index.ts';
import { accessText } from './openapi.ts';

/** docs/reference/routes.md, made of the contract; a test holds the file equal. */
export function routesDocument(): string {
  const byTag = new Map<string, [string, Route][]>();
  for (const [id, route] of Object.entries(routes) as [string, Route][]) {
    const list = byTag.get(route.tag) ?? [];
    list.push([id, route]);
    byTag.set(route.tag, list);
  }
  const lines = [
    '# Routes',
    '',
    'Generated from `src/api/contract/routes.ts`; the same with all schemas is served as OpenAPI 3.1 at `/openapi.json`.',
    'Errors have the form of RFC 9457 (`application/problem+json`) with a code of [errors.md](errors.md). Times are ISO 8601 in UTC.',
    'Lists in pages give `nextCursor`; send it as `cursor` for the next page. Changes made with a session need the header',
    '`X-CSRF-Token` with the value that `GET /api/session` gives. Behind `server.basePath` every path stands under it.',
    '',
    '| access | who |',
    '|---|---|',
    ...(['public', 'ingest', 'read', 'operate', 'approve', 'admin'] as const).map(
      (access) => `| ${access} | ${accessText(access)} |`,
    ),
  ];
  for (const [tag, list] of byTag)
    lines.push('', `## ${tag}`, '', ...list.flatMap(([id, route]) => section(id, route)));
  lines.push(
    '',
    '## Live',
    '',
    '### `GET /api/live` (WebSocket)',
    '',
    'Access: read. `topics`: overview, samples, anomalies, alerts, incidents, calendar, predictions, models, status, separated by',
    'commas; all where left out. `after`: the cursor of the last message had. The first message is `hello`; with `resumed: false` read the state anew.',
    'Every 15 s comes a `heartbeat`; who answers no ping until the next is cut off. A reader with more than 1 MB waiting gets no',
    'samples, one with more than 2 MB is closed with code 1013.',
    '',
    '## Pages',
    '',
    '`GET /sign-in?code=…` redeems a one-time code, sets the session cookie and leads to the page. Every other path that a browser',
    'asks for is the dashboard.',
    '',
  );
  return lines.join('\n');
}

function section(id: string, route: Route): string[] {
  const lines = [
    `### \`${route.method} ${route.path}\``,
    '',
    `${route.summary}. Operation \`${id}\`, access: ${route.access}.`,
  ];
  const answers = [
    route.status === undefined ? '' : `Answers ${route.status}.`,
    route.produces === undefined ? '' : `Answers \`${route.produces}\`.`,
    route.consumes === undefined ? '' : `Takes \`${route.consumes}\`.`,
    route.idempotent === true ? 'May be sent again with the same `Idempotency-Key`.' : '',
  ].filter(Boolean);
  if (answers.length > 0) lines.push(answers.join(' '));
  lines.push('', ...parameterTable(route), ...bodyText(route));
  return lines;
}

interface Property {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
  readonly description?: string;
  readonly anyOf?: readonly Property[];
}

function parameterTable(route: Route): string[] {
  const rows = [...rowsOf(route.params, 'path'), ...rowsOf(route.query, 'query')];
  return rows.length === 0 ? [] : ['| parameter | in | |', '|---|---|---|', ...rows, ''];
}

function rowsOf(schema: z.ZodObject | undefined, where: string): string[] {
  if (schema === undefined) return [];
  return propertiesOf(schema).map(([name, property]) => `| \`${name}\` | ${where} | ${describe(property)} |`);
}

function bodyText(route: Route): string[] {
  if (route.body === undefined) return [];
  if (!(route.body instanceof z.ZodObject)) return ['Body: one run or a list of up to 1,000; see OpenAPI.', ''];
  const fields = propertiesOf(route.body).map(([name, property]) => `| \`${name}\` | body | ${describe(property)} |`);
  return ['| field | in | |', '|---|---|---|', ...fields, ''];
}

function propertiesOf(schema: z.ZodObject): [string, Property][] {
  const json = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' }) as {
    properties?: Record<string, Property>;
  };
  return Object.entries(json.properties ?? {});
}

function describe(property: Property): string {
  const { minimum, maximum } = property;
  const isBounded = maximum !== undefined && Math.abs(maximum) < Number.MAX_SAFE_INTEGER;
  const parts = [
    kindOf(property),
    isBounded ? `${minimum ?? ''}–${maximum}` : '',
    property.default === undefined ? '' : `default \`${JSON.stringify(property.default)}\``,
    property.description ?? '',
  ];
  return parts.filter(Boolean).join('; ').replaceAll('|', '\\|');
}

function kindOf(property: Property): string {
  if (property.enum !== undefined) return property.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (property.anyOf !== undefined) return property.anyOf.map(kindOf).join(' or ');
  if (property.format === 'date-time') return 'time';
  return String(property.type ?? 'any');
}
