import { appendFile, readFile, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Act, Actor, AuditTrail } from '../model/index.ts';

/** Who runs a command on this machine, by the system’s word. */
export function caller(): Actor {
  return { kind: 'user', name: `${userInfo().username} on the command line`, source: null };
}

const NOTES_FILE = 'audit-notes.jsonl';

/** An act on a stopped Auspex, whose log nobody writes just now: it is taken into the log at the next start. */
export async function leaveNote(home: string, act: Act): Promise<void> {
  await appendFile(join(home, NOTES_FILE), `${JSON.stringify(act)}\n`, { mode: 0o600, flush: true });
}

/** @throws AuspexError AUDIT_FAILED; the notes stay for the next time. */
export async function takeNotes(home: string, audit: AuditTrail): Promise<void> {
  const path = join(home, NOTES_FILE);
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text === '') return;
  for (const line of text.split('\n')) {
    const act = parse(line);
    if (act !== null) await audit.record({ ...act, outcome: 'done' });
  }
  await rm(path, { force: true });
}

function parse(line: string): Act | null {
  try {
    const act = JSON.parse(line) as Act;
    return typeof act.action === 'string' && typeof act.actor?.name === 'string' ? act : null;
  } catch {
    return null; // half written
  }
}
