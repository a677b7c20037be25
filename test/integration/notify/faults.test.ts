import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../prometheus/real-programs.ts';

/*
 * Receivers in processes of their own that fail, hang, reset, are busy or are killed, and Auspex killed before, while and after it sends: once
 * both are back each message is there, and a second time only where an answer was lost, with the same key. KILLS sets how often.
 */

const KILLS = Number(process.env['KILLS'] ?? 2);
/** New ones a round. */
const MESSAGES = 4;
const OUTBOX = new URL('outbox-process.ts', import.meta.url).pathname;
const RECEIVER = new URL('receiver-process.ts', import.meta.url).pathname;
const kinds = ['webhook', 'email', 'slack', 'teams', 'pagerduty', 'alertmanager'] as const;
const behaviours = ['ok', 'fails', 'hangs', 'resets', 'busy', 'dead'] as const;

interface Got {
  readonly key: string | null;
  readonly body: string;
  readonly how: string;
}

/** The messages that a body speaks of. */
const idsOf = (body: string): string[] => [
  ...new Set([...body.matchAll(/\[(alert-\d+)\]/g)].map(([, id]) => id ?? '')),
];
/** By what a receiver can tell a repeat: a header, or what its format has for it; without any, by its text. */
function keyOf({ key, body }: Got): string {
  if (key !== null) return key;
  const event = /"dedup_key":"([^"]+)"/.exec(body)?.[1];
  return event ?? /"key":"([^"]+)"/.exec(body)?.[1] ?? body;
}

async function bench(kind: (typeof kinds)[number]) {
  const folder = mkdtempSync(join(tmpdir(), 'auspex-faults-'));
  const [journal, behaviour] = [join(folder, 'journal'), join(folder, 'behaviour')];
  writeFileSync(journal, '');
  writeFileSync(behaviour, 'ok');
  const port = await freePort();
  const children = new Set<ChildProcess>();
  const run = (script: string, args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.add(child);
    child.on('exit', () => children.delete(child));
    return child;
  };
  const said = (child: ChildProcess) => new Promise<void>((done) => child.stdout?.once('data', () => done()));
  const kill = async (child: ChildProcess | null) => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(async () => {
    for (const child of children) await kill(child);
    rmSync(folder, { recursive: true, force: true });
  });
  let receiver: ChildProcess | null = null;
  return {
    folder,
    got: (): Got[] =>
      readFileSync(journal, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Got),
    behave: (how: string) => writeFileSync(behaviour, how),
    /** A mark in the journal: what came before it may not have been noted. */
    mark: () => appendFileSync(journal, `${JSON.stringify({ key: null, body: '', how: 'killed' })}\n`),
    listen: async () => {
      receiver = run(RECEIVER, [String(port), journal, behaviour, kind === 'email' ? 'smtp' : 'http']);
      await said(receiver);
    },
    die: async () => kill(receiver),
    /** Auspex, which has written so many messages in all once it says so; those of before stay as they are. */
    start: (count: number) => run(OUTBOX, [join(folder, 'home'), `http://127.0.0.1:${port}/`, String(count), kind]),
    kill,
    said,
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 50));
}

test.each(kinds)(
  '%s: after faults of the receiver and kills of both each message is there once, a repeat only of a lost answer and under the same key',
  async (kind) => {
    const t = await bench(kind);
    for (let round = 0; round < KILLS; round++) {
      const how = behaviours[(round + kinds.indexOf(kind)) % behaviours.length] ?? 'ok';
      t.behave(how === 'dead' ? 'ok' : how);
      if (how !== 'dead') await t.listen();
      const before = t.got().length;
      const child = t.start((round + 1) * MESSAGES);
      // Before, while and after it sends.
      if (round % 3 === 0) await t.said(child);
      else if (how !== 'dead') await until(() => t.got().length > before);
      if (round % 3 === 2) await new Promise((done) => setTimeout(done, 300));
      await t.kill(child);
      t.mark();
      await t.die();
    }
    t.behave('ok');
    await t.listen();
    const all = (KILLS + 1) * MESSAGES;
    const child = t.start(all);
    const arrived = () => new Set(t.got().flatMap(({ how, body }) => (how === 'ok' ? idsOf(body) : [])));
    await until(() => arrived().size === all);
    await t.kill(child);
    check(t.got(), all);
  },
  60_000 + KILLS * 40_000,
);

function check(got: readonly Got[], all = MESSAGES): void {
  const contents = new Map<string, string>();
  let before = -1;
  for (const [i, one] of got.entries()) {
    if (one.how === 'killed') {
      before = i;
      continue;
    }
    const key = keyOf(one);
    const ids = idsOf(one.body).join();
    expect(contents.get(key) ?? ids, 'what a key stands for stays').toBe(ids);
    contents.set(key, ids);
    // It was there, answered, and nobody was killed in between: it does not come again.
    const first = got.findIndex((other) => other.how === 'ok' && keyOf(other) === key);
    if (first !== -1 && first < i) expect(first, `a repeat of ${key} without a lost answer`).toBeLessThan(before);
  }
  const told = [...contents.values()].flatMap((ids) => ids.split(','));
  expect(told.toSorted(), 'each in one message only').toEqual([...new Set(told)].toSorted());
  expect(new Set(told).size).toBe(all);
}

test('the check sees a repeat that nothing excuses, and a message that is in two', () => {
  const all = Array.from({ length: MESSAGES }, (_, i): Got => ({ key: `k${i}`, body: `[alert-${i}]`, how: 'ok' }));
  const killed: Got = { key: null, body: '', how: 'killed' };
  const [first] = all as [Got];
  expect(() => check(all)).not.toThrow();
  expect(() => check([first, killed, ...all])).not.toThrow();
  expect(() => check([...all, first])).toThrow('without a lost answer');
  expect(() => check([...all, { ...first, key: 'other' }])).toThrow('one message');
  expect(() =>
    check([
      { ...first, how: 'fails' },
      { ...first, body: '[alert-1]' },
    ]),
  ).toThrow('stays');
  expect(existsSync(OUTBOX)).toBe(true);
});
