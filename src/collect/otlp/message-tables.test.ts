import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { type FieldForm, logsRequest, type MessageTable, metricsRequest } from './message-tables.ts';

const root = protobuf.loadSync(fileURLToPath(new URL('../../../test/golden/otlp/otlp.proto', import.meta.url)));

/** How the published definition names what a form of ours reads. */
const TYPES: Readonly<Record<Exclude<FieldForm, MessageTable>, readonly string[]>> = {
  string: ['string'],
  hex: ['bytes'],
  base64: ['bytes'],
  bool: ['bool'],
  double: ['double'],
  fixed64: ['fixed64', 'sfixed64'],
  fixed32: ['fixed32'],
  int64: ['int64', 'uint64'],
  uint32: ['uint32', 'int32', 'AggregationTemporality'],
  sint32: ['sint32'],
};

function faultsOf(table: MessageTable, seen = new Set<string>()): string[] {
  if (seen.has(table.name)) return [];
  seen.add(table.name);
  const type = root.lookupType(table.name);
  return [...table.fields].flatMap(([name, { number, form, isRepeated }]) => {
    const field = type.fields[name];
    const place = `${table.name}.${name}`;
    if (field === undefined) return [`${place} is not defined`];
    const expected = typeof form === 'object' ? [form.name] : TYPES[form];
    return [
      ...(field.id === number ? [] : [`${place} has the number ${field.id}`]),
      ...(field.repeated === isRepeated ? [] : [`${place} is ${field.repeated ? '' : 'not '}repeated`]),
      ...(expected.includes(field.type) ? [] : [`${place} is a ${field.type}`]),
      ...(typeof form === 'object' ? faultsOf(form, seen) : []),
    ];
  });
}

test.each([metricsRequest, logsRequest])(
  'the fields of $name and all below are those of the published definition',
  (table) => {
    expect(faultsOf(table)).toEqual([]);
  },
);
