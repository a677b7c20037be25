import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Route, routes } from '../../../src/api/contract/index.ts';
import { openApiDocument } from '../../../src/api/http/openapi.ts';
import { routesDocument } from '../../../src/api/http/routes-document.ts';

type Json = Record<string, unknown>;
const document = openApiDocument('1.2.3') as {
  openapi: string;
  paths: Record<string, Record<string, Json>>;
  components: { schemas: Record<string, Json>; securitySchemes: Json; responses: Json };
};

function resolve(ref: string): unknown {
  let at: unknown = document;
  for (const part of ref.slice(2).split('/')) at = (at as Json | undefined)?.[part];
  return at;
}

function* refsIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === '$ref') yield String(item);
    else yield* refsIn(item);
  }
}

test('the document is OpenAPI 3.1 and every reference in it leads somewhere', () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  const refs = new Set(refsIn(document));
  expect(refs.size).toBeGreaterThan(15);
  for (const ref of refs) expect(resolve(ref), ref).toBeTypeOf('object');
  expect(JSON.stringify(document)).not.toContain('$defs');
});

test('every route of the contract is there once, with its parameters, security and errors', () => {
  const ids = new Set<string>();
  for (const [id, route] of Object.entries(routes) as [string, Route][]) {
    const operation = document.paths[route.path]?.[route.method.toLowerCase()] as {
      operationId: string;
      parameters?: { name: string; in: string; required: boolean; schema: Json }[];
      security: Json[];
      responses: Record<string, Json>;
    };
    expect(operation.operationId).toBe(id);
    expect(ids.has(id)).toBe(false);
    ids.add(id);
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const parameters = operation.parameters ?? [];
    expect(parameters.filter((p) => p.in === 'path').map((p) => p.name)).toEqual(inPath);
    expect(parameters.every((p) => p.in !== 'path' || p.required)).toBe(true);
    expect(new Set(parameters.map((p) => `${p.in} ${p.name}`)).size).toBe(parameters.length);
    expect(operation.security.length > 0).toBe(route.access !== 'public');
    expect(Object.keys(operation.responses)).toContain(String(route.status ?? 200));
    expect(operation.responses.default).toEqual({ $ref: '#/components/responses/Problem' });
    for (const name of operation.security.flatMap((one) => Object.keys(one)))
      expect(Object.keys(document.components.securitySchemes)).toContain(name);
  }
});

test('schemas of the contract are components: lists refer to them', () => {
  expect(Object.keys(document.components.schemas)).toEqual(
    expect.arrayContaining(['Anomaly', 'Alert', 'Problem', 'LiveMessage', 'Overview']),
  );
  const list = document.paths['/api/anomalies']?.get as { responses: Record<string, Json> };
  expect(JSON.stringify(list.responses['200'])).toContain('"#/components/schemas/Anomaly"');
});

test('a body says what may be left out: defaults are not required', () => {
  const schema = document.components.schemas.NewExecution as { required: string[] };
  expect(schema.required.sort()).toEqual(['durationMs', 'job', 'startedAt']);
});

test('docs/reference/routes.md is what the contract says', async () => {
  const path = join(import.meta.dirname, '../../../docs/reference/routes.md');
  if (process.env.UPDATE_DOCS === '1') await writeFile(path, routesDocument());
  expect(await readFile(path, 'utf8')).toBe(routesDocument());
});
