import { z } from 'zod';
import { errorTable } from '../../errors.ts';
import * as contract from '../contract/index.ts';
import { type Access, type OperationId, type Route, routes } from '../contract/index.ts';

type Json = Record<string, unknown>;

/** Schemas that get a name of their own in the document: those of the contract that are objects. */
function nameSchemas(): void {
  for (const [name, value] of Object.entries(contract)) {
    if (!(value instanceof z.ZodObject) && !(value instanceof z.ZodDiscriminatedUnion)) continue;
    const known = z.globalRegistry.get(value);
    if (known?.id === undefined) z.globalRegistry.add(value, { ...known, id: name[0]?.toUpperCase() + name.slice(1) });
  }
}

let cached: { readonly version: string; readonly document: Json } | undefined;

/** The OpenAPI 3.1 document of all routes, generated from the contract once. */
export function openApiDocument(version: string): Json {
  if (cached?.version === version) return cached.document;
  nameSchemas();
  const components = new Map<string, unknown>();
  const convert = (schema: z.ZodType, io: 'input' | 'output') => jsonSchema(schema, io, components);
  convert(contract.problem, 'output');
  convert(contract.liveMessage, 'output');
  const paths: Record<string, Json> = {};
  for (const [id, route] of Object.entries(routes) as [OperationId, Route][]) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operation(id, route, convert);
  }
  paths['/api/live'] = { get: liveOperation() };
  const document: Json = {
    openapi: '3.1.1',
    info: {
      title: 'Auspex',
      version,
      description: 'A self-hosted operations engine. Every error has the form of RFC 9457 with a code.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '.' }],
    tags: [...new Set(Object.values(routes).map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
      responses: { Problem: problemResponse() },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of `auspex init` or the settings page.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'auspex_session_4700',
          description:
            'Set by the one-time sign-in link; the name ends with the port. Changes also need the X-CSRF-Token header.',
        },
      },
    },
  };
  cached = { version, document };
  return document;
}

type Convert = (schema: z.ZodType, io: 'input' | 'output') => Json;

/** A schema, with the named ones in it moved to the components. What is taken in and what is given out may differ: then the former is called …Input. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', components: Map<string, unknown>): Json {
  const {
    $schema: _,
    $defs,
    ...own
  } = z.toJSONSchema(schema, { target: 'draft-2020-12', io }) as Json & {
    $defs?: Record<string, Json>;
  };
  const renamed = new Map<string, string>();
  for (const [name, definition] of Object.entries($defs ?? {})) {
    const clash =
      components.has(name) &&
      JSON.stringify(components.get(name)) !== JSON.stringify(relink(clean(definition), renamed));
    const final = clash && io === 'input' ? `${name}Input` : name;
    renamed.set(name, final);
    components.set(final, clean(definition));
  }
  for (const final of renamed.values()) components.set(final, relink(components.get(final), renamed));
  const id = own.id;
  const cleaned = relink(clean(own), renamed) as Json;
  if (typeof id !== 'string') return cleaned;
  components.set(id, cleaned);
  return { $ref: `#/components/schemas/${id}` };
}

function clean(definition: Json): Json {
  const { id: _, $schema: __, ...rest } = definition;
  return rest;
}

function relink(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => relink(item, renamed));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (key !== '$ref' || typeof item !== 'string' || !item.startsWith('#/$defs/'))
        return [key, relink(item, renamed)];
      const name = item.slice('#/$defs/'.length);
      return [key, `#/components/schemas/${renamed.get(name) ?? name}`];
    }),
  );
}

function operation(id: OperationId, route: Route, convert: Convert): Json {
  const parameters = [
    ...parametersOf(route.params, 'path', convert),
    ...parametersOf(route.query, 'query', convert),
    ...(route.idempotent === true ? [idempotencyParameter] : []),
  ];
  return {
    operationId: id,
    tags: [route.tag],
    summary: route.summary,
    description: accessText(route.access),
    security: securityOf(route.access),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBodyOf(route, convert),
    responses: {
      [String(route.status ?? 200)]: successOf(route, convert),
      ...Object.fromEntries(
        problemStatuses(route).map((status) => [status, { $ref: '#/components/responses/Problem' }]),
      ),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

const idempotencyParameter: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same body gets the same answer again; with another body CONFLICT.',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
};

function parametersOf(schema: z.ZodObject | undefined, where: 'path' | 'query', convert: Convert): Json[] {
  if (schema === undefined) return [];
  const object = convert(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(object.properties ?? {}).map(([name, { description, ...property }]) => ({
    name,
    in: where,
    required: where === 'path' || (object.required ?? []).includes(name),
    ...(description === undefined ? {} : { description }),
    schema: property,
  }));
}

function requestBodyOf(route: Route, convert: Convert): Json {
  if (route.body !== undefined)
    return {
      requestBody: { required: true, content: { 'application/json': { schema: convert(route.body, 'input') } } },
    };
  if (route.consumes !== undefined)
    return {
      requestBody: { required: true, content: { [route.consumes]: { schema: { type: 'string', format: 'binary' } } } },
    };
  return {};
}

function successOf(route: Route, convert: Convert): Json {
  if (route.response !== undefined)
    return { description: 'Done', content: { 'application/json': { schema: convert(route.response, 'output') } } };
  if (route.produces !== undefined)
    return { description: 'Done', content: { [route.produces]: { schema: { type: 'string' } } } };
  return { description: 'Done, nothing to say' };
}

function problemStatuses(route: Route): string[] {
  const statuses = new Set(['403', '503']);
  if (route.params !== undefined || route.query !== undefined || route.body !== undefined) statuses.add('400');
  if (route.access !== 'public') statuses.add('401');
  // The one change that is open to anybody: signing in.
  else if (route.method !== 'GET') for (const status of ['401', '429']) statuses.add(status);
  if (route.params !== undefined) statuses.add('404');
  if (route.body !== undefined || route.consumes !== undefined) for (const s of ['413', '415']) statuses.add(s);
  if (route.idempotent === true) statuses.add('409');
  if (route.access === 'ingest') statuses.add('429');
  return [...statuses].sort();
}

function problemResponse(): Json {
  return {
    description: 'An error, in the one form that all have',
    headers: { 'Retry-After': { description: 'Seconds, with 429 and 503', schema: { type: 'integer' } } },
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { code: { enum: Object.keys(errorTable) } } },
          ],
        },
      },
    },
  };
}

/** Access in words. */
export function accessText(access: Access): string {
  switch (access) {
    case 'public':
      return 'Open to anybody who reaches the server.';
    case 'ingest':
      return 'Needs a token of scope ingest or admin; from this machine itself none.';
    case 'read':
      return 'Needs a session (viewer or more) or a token of scope read, operate, approve or admin.';
    case 'operate':
      return 'Needs a session (operator or more) or a token of scope operate, approve or admin.';
    case 'approve':
      return 'Needs a session (approver or admin) or a token of scope approve or admin.';
    case 'admin':
      return 'Needs a session of an admin or a token of scope admin.';
  }
}

function securityOf(access: Access): Json[] {
  if (access === 'public') return [];
  return access === 'ingest' ? [{ token: [] }, { session: [] }, {}] : [{ token: [] }, { session: [] }];
}

function liveOperation(): Json {
  return {
    operationId: 'live',
    tags: ['Now'],
    summary: 'Live messages over a WebSocket, each a LiveMessage',
    description: `${accessText('read')} The first message is hello; its cursor, or that of any later message, resumes as after=<cursor>.`,
    security: securityOf('read'),
    parameters: [
      {
        name: 'topics',
        in: 'query',
        required: false,
        description: `Separated by commas: ${contract.liveTopics.join(', ')}. All where left out.`,
        schema: { type: 'string' },
      },
      { name: 'after', in: 'query', required: false, description: 'A cursor', schema: { type: 'string' } },
    ],
    responses: {
      '101': { description: 'Switching to the WebSocket protocol' },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}
