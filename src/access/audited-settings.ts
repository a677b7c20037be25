import { isDeepStrictEqual } from 'node:util';
import type { AuditTrail, Clock, RecordStore } from '../model/index.ts';
import { itself } from './audited-models.ts';

/** A setting as it may be shown: its secrets are already replaced. */
interface ShownSetting {
  readonly key: string;
  readonly value: unknown;
}

const REMEMBERED_ID = 'audit:settings';

/**
 * A row for each setting that is another than before, old and new.
 * @param changed Keys that are known to differ though what may be shown of them is the same: secrets.
 * @throws AuspexError AUDIT_FAILED: the new settings must not be taken over.
 */
export async function recordSettings(
  audit: AuditTrail,
  before: readonly ShownSetting[],
  after: readonly ShownSetting[],
  by: string,
  changed: readonly string[] = [],
): Promise<void> {
  const old = new Map(before.map(({ key, value }) => [key, value]));
  for (const { key, value } of after) {
    const same = isDeepStrictEqual(plain(old.get(key)), plain(value));
    if (same && !changed.includes(key)) continue;
    await audit.record({
      actor: { ...itself, name: by },
      action: 'settings.change',
      target: key,
      detail: { from: old.get(key) ?? null, to: value, ...(same ? { note: 'the secret is another' } : {}) },
    });
  }
}

/** At a start: what was changed in the file, the environment or the flags while Auspex did not run. */
export async function recordSettingsSince(
  parts: { readonly audit: AuditTrail; readonly records: RecordStore; readonly clock: Clock },
  now: readonly ShownSetting[],
): Promise<void> {
  const row = await parts.records.get('settings', REMEMBERED_ID);
  if (Array.isArray(row?.value)) await recordSettings(parts.audit, row.value.filter(isShown), now, 'start');
  await rememberSettings(parts, now);
}

export async function rememberSettings(
  parts: { readonly records: RecordStore; readonly clock: Clock },
  settings: readonly ShownSetting[],
): Promise<void> {
  const value = settings.map((one) => ({ key: one.key, value: plain(one.value) }));
  await parts.records.put('settings', [{ id: REMEMBERED_ID, value, at: parts.clock.now() }]);
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

function isShown(value: unknown): value is ShownSetting {
  return typeof value === 'object' && value !== null && 'key' in value && typeof value.key === 'string';
}
