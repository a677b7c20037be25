import { expect, test } from 'vitest';
import { labelsFrom, type Series } from '../model/index.ts';
import { SeriesChanges } from './series-changes.ts';

const T0 = Date.UTC(2026, 0, 5, 12);
const STEP = 15_000;

/** Series by `entity metric{label="value"}`; samples by step. */
function program() {
  const changes = new SeriesChanges((id) => id.toUpperCase());
  const refs = new Map<string, number>();
  const refOf = (name: string): number => {
    const known = refs.get(name);
    if (known !== undefined) return known;
    const [, entityId = '', metric = '', labels = ''] = /^(\S+) ([^{]+)(?:\{(.*)\})?$/.exec(name) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value] as const);
    const ref = refs.size;
    refs.set(name, ref);
    const series: Series = { ref, entityId, kind: 'gauge', labels: labelsFrom([['__name__', metric], ...pairs]) };
    changes.watch(series);
    return ref;
  };
  return {
    at(step: number, samples: Readonly<Record<string, number>>) {
      const names = Object.keys(samples);
      changes.take({
        count: names.length,
        refs: Uint32Array.from(names, refOf),
        times: Float64Array.from(names, () => T0 + step * STEP),
        values: Float64Array.from(names, (name) => samples[name] ?? 0),
      });
    },
    told: () =>
      changes
        .takeReady()
        .map(({ at, kind, what, from, to }) => `${(at - T0) / STEP} ${kind} ${what} ${from ?? '-'} ${to ?? '-'}`),
  };
}

test('another version than before is a deployment from its first sample on, and going back is one', () => {
  const { at, told } = program();
  const info = (version: string) => ({
    [`shop build_info{instance="a",version="${version}",revision="r${version}"}`]: 1,
  });
  for (let i = 0; i < 4; i++) at(i, info('1.4.0'));
  at(4, info('1.5.0'));
  expect(told()).toEqual([]);
  for (let i = 5; i < 30; i++) at(i, info('1.5.0'));
  for (let i = 30; i < 33; i++) at(i, info('1.4.0'));
  expect(told()).toEqual(['4 deployment SHOP 1.4.0 1.5.0', '30 deployment SHOP 1.5.0 1.4.0']);
});

test('of what changed while nothing was heard the start of the process says when, or it is as old as it can be', () => {
  for (const [started, when] of [
    [true, 50],
    [false, 2],
  ] as const) {
    const { at, told } = program();
    const info = (version: string) => ({
      [`shop build_info{version="${version}"}`]: 1,
      ...(started
        ? { 'shop process_start_time_seconds': T0 / 1000 + (version === '1' ? -900 : (50 * STEP) / 1000) }
        : {}),
    });
    for (let i = 0; i < 3; i++) at(i, info('1'));
    for (let i = 90; i < 93; i++) at(i, info('2'));
    expect(told()).toContain(`${when} deployment SHOP 1 2`);
  }
});

test('two versions side by side are told once', () => {
  const { at, told } = program();
  const first = { 'shop target_info{instance="a1",service_version="1",process_pid="7"}': 1 };
  const second = { 'shop target_info{instance="b2",service_version="2",process_pid="8"}': 1 };
  for (let i = 0; i < 3; i++) at(i, first);
  for (let i = 3; i < 60; i++) at(i, i % 2 === 0 ? { ...first, ...second } : first);
  expect(told()).toEqual(['4 deployment SHOP 1 2']);
});

test('an exporter speaks of itself, a label of the service; what a host says of itself is none of it', () => {
  const { at, told } = program();
  const seen = (version: string) => ({
    [`redis redis_exporter_build_info{version="${version}"}`]: 1,
    [`cart http_requests_total{version="${version}",code="200"}`]: 1,
    [`cart http_requests_total{version="${version}",code="500"}`]: 1,
    [`vm node_uname_info{version="#${version}"}`]: 1,
    [`odd up{version="none"}`]: 1,
  });
  for (let i = 0; i < 3; i++) at(i, seen('1.0'));
  for (let i = 3; i < 6; i++) at(i, seen('1.1'));
  expect(told()).toEqual(['3 deployment redis_exporter 1.0 1.1', '3 deployment CART 1.0 1.1']);
});

test('a start time that jumps is a restart; one that drifts, or lies before what was seen, is the clock', () => {
  const { at, told } = program();
  const up = (seconds: number) => ({ 'shop process_start_time_seconds{instance="a"}': T0 / 1000 + seconds });
  at(0, up(-1000));
  at(1, up(-998));
  at(2, up(-900));
  expect(told()).toEqual([]);
  at(4, up(45));
  at(5, { ...up(45), 'shop redis_start_time_seconds': T0 / 1000 - 5 });
  at(6, { 'shop redis_start_time_seconds': T0 / 1000 + 88 });
  expect(told()).toEqual(['3 restart SHOP - -', '5.866666666666666 restart redis - -']);
});
