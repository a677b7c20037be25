import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryRecordStore } from '../../test/integration/notify/memory-record-store.ts';
import { AuspexError } from '../errors.ts';
import type { Act, AuditTrail, ModelMetadata, ModelStore } from '../model/index.ts';
import { AttemptMeter } from './attempt-meter.ts';
import { leaveNote, takeNotes } from './audit-notes.ts';
import { auditedModels } from './audited-models.ts';
import { recordSettings, recordSettingsSince } from './audited-settings.ts';

/** Keeps acts; with `refuse` it writes none, as on a full disk. */
function trail(refuse = false): AuditTrail & { acts: Act[] } {
  const acts: Act[] = [];
  return {
    acts,
    record: async (act) => {
      if (refuse) throw new AuspexError('AUDIT_FAILED', 'full');
      return acts.push(act);
    },
    recordBounded: async (act) => void acts.push(act),
  };
}

const metadata = (version: number): ModelMetadata => ({
  name: 'performance',
  entityId: 'host:a',
  version,
  algorithm: 'forest',
  status: 'serving',
  trainedAt: 0,
  trainedFrom: 0,
  trainedTo: 0,
  sampleCount: 100,
  featureNames: [],
  sizeBytes: 1,
  checksum: '',
  metrics: {},
  trainingMs: 1,
  fault: null,
});

function models(): ModelStore & { saved: number; served: number } {
  const store = {
    saved: 0,
    served: 0,
    save: async () => metadata((store.served = ++store.saved)),
    load: async () => ({ metadata: metadata(store.served), bytes: new Uint8Array(1) }),
    list: async () => [],
    promote: async (_name: string, _entity: string, version: number) => metadata((store.served = version)),
  };
  return store;
}

test('a model that is trained, promoted, or fallen back to stands in the log before it serves', async () => {
  const audit = trail();
  const inner = models();
  const store = auditedModels(inner, audit);
  await store.save(metadata(0), new Uint8Array(7));
  await store.save(metadata(0), new Uint8Array(7));
  await store.promote('performance', 'host:a', 1);
  await store.save(metadata(0), new Uint8Array(7));
  inner.served = 2; // the file of version 3 was damaged
  await store.load('performance', 'host:a');
  await store.load('performance', 'host:a');
  expect(audit.acts.map((act) => [act.action, act.target, act.detail?.['version'], act.detail?.['before']])).toEqual([
    ['model.serve', 'performance of host:a', undefined, undefined],
    ['model.serve', 'performance of host:a', undefined, undefined],
    ['model.promoted', 'performance of host:a', 1, 2],
    ['model.serve', 'performance of host:a', undefined, undefined],
    ['model.fall-back', 'performance of host:a', 2, 3],
  ]);
});

test('a model that cannot be written down does not serve; one that cannot be saved is written as failed', async () => {
  const inner = models();
  await expect(auditedModels(inner, trail(true)).save(metadata(0), new Uint8Array(1))).rejects.toMatchObject({
    code: 'AUDIT_FAILED',
  });
  await expect(auditedModels(inner, trail(true)).promote('performance', 'host:a', 1)).rejects.toThrow();
  expect(inner).toMatchObject({ saved: 0, served: 0 });
  const audit = trail();
  const full = { ...models(), save: () => Promise.reject(new Error('disk full')) };
  await expect(auditedModels(full, audit).save(metadata(0), new Uint8Array(1))).rejects.toThrow('disk full');
  expect(audit.acts.at(-1)).toMatchObject({ outcome: 'failed', detail: { row: 1, reason: 'disk full' } });
});

test('each setting that is another gets a row with old and new; a secret that changed only that it did', async () => {
  const audit = trail();
  const before = [
    { key: 'log.level', value: 'info' },
    { key: 'collect.interval', value: '5s' },
    { key: 'notify.channels', value: { ops: { password: '[set]' } } },
  ];
  const after = [
    { key: 'log.level', value: 'debug' },
    { key: 'collect.interval', value: '5s' },
    { key: 'notify.channels', value: { ops: { password: '[set]' } } },
  ];
  await recordSettings(audit, before, after, 'ann', ['log.level', 'notify.channels']);
  expect(audit.acts).toMatchObject([
    { actor: { name: 'ann' }, target: 'log.level', detail: { from: 'info', to: 'debug' } },
    { target: 'notify.channels', detail: { note: 'the secret is another' } },
  ]);
});

test('what was changed while Auspex did not run is told at the next start, and only then', async () => {
  const records = memoryRecordStore();
  const clock = { now: () => 5, monotonic: () => 5 };
  const settings = (level: string) => [
    { key: 'log.level', value: level },
    { key: 'home', value: undefined },
  ];
  const acts: number[] = [];
  for (const level of ['info', 'info', 'debug', 'debug']) {
    const audit = trail();
    await recordSettingsSince({ audit, records, clock }, settings(level));
    acts.push(audit.acts.length);
  }
  expect(acts).toEqual([0, 0, 1, 0]);
});

test('notes of a stopped home are taken into the log once, half written ones are passed over', async () => {
  const home = mkdtempSync(join(tmpdir(), 'auspex-notes-'));
  const note: Act = { actor: { kind: 'user', name: 'root', source: null }, action: 'backup.restore' };
  await leaveNote(home, note);
  await leaveNote(home, { ...note, target: 'second' });
  writeFileSync(join(home, 'audit-notes.jsonl'), '{"actor":{"na', { flag: 'a' });
  await expect(takeNotes(home, trail(true))).rejects.toThrow();
  expect(readFileSync(join(home, 'audit-notes.jsonl'), 'utf8')).toContain('second');
  const audit = trail();
  await takeNotes(home, audit);
  await takeNotes(home, audit);
  expect(audit.acts).toMatchObject([{ action: 'backup.restore', outcome: 'done' }, { target: 'second' }]);
  expect(readdirSync(home)).toEqual([]);
  rmSync(home, { recursive: true });
});

test('of many attempts ten a minute from one address get a row, sixty from all, and the rest their number', () => {
  let now = 0;
  const told: Act[] = [];
  const meter = new AttemptMeter({ now: () => now, monotonic: () => now }, (act) => told.push(act));
  const attempt = (source: string): Act => ({
    actor: { kind: 'nobody', name: '', source },
    action: 'session.sign-in',
    outcome: 'failed',
  });
  const taken = (count: number, source: (i: number) => string): number =>
    Array.from({ length: count }, (_, i) => meter.takes(attempt(source(i)))).filter(Boolean).length;
  expect(taken(100, () => '203.0.113.9')).toBe(10);
  expect(taken(1000, (i) => `198.51.100.${i % 250}`)).toBe(50);
  now += 60_000;
  expect(taken(5, () => '203.0.113.9')).toBe(5);
  expect(told).toMatchObject([{ action: 'session.sign-in', outcome: 'failed', detail: { more: 1040 } }]);
  meter.close();
  expect(told).toHaveLength(1);
});
