import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCalendarFiles } from './compose-calendar.ts';
import { loadConfig } from './config/load.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'auspex-calendar-'));
  mkdirSync(join(folder, 'plans'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const event = 'BEGIN:VEVENT\nUID:1\nSUMMARY:Outing\nDTSTART;VALUE=DATE:20261204\nEND:VEVENT\n';
const ics = (...events: string[]) => `BEGIN:VCALENDAR\n${events.join('')}END:VCALENDAR\n`;

function read(yaml: string, text?: string) {
  writeFileSync(join(folder, 'auspex.yaml'), yaml);
  if (text !== undefined) writeFileSync(join(folder, 'plans', 'holidays.ics'), text);
  const warned: string[] = [];
  const log = { warn: (words: string) => void warned.push(words) };
  const loaded = loadConfig({ file: join(folder, 'auspex.yaml'), env: {}, flags: { home: folder } });
  return { entries: readCalendarFiles(loaded, { timeZone: 'Europe/Berlin', now: 0, log }), warned };
}

const yaml = 'calendar:\n  files:\n    - path: plans/holidays.ics\n      kind: holiday\n';

test('files are read from where the configuration lies; what is left out is named with its line', () => {
  const { entries, warned } = read(yaml, ics(event, 'BEGIN:VEVENT\nUID:2\nEND:VEVENT\n'));
  const file = join(folder, 'plans', 'holidays.ics');
  expect(entries).toMatchObject([
    { title: 'Outing', kind: 'holiday', file, startsAt: Date.parse('2026-12-03T23:00Z') },
  ]);
  expect(warned).toEqual([`${file}, line 7: left out. The event has no DTSTART.`]);
});

test.each([
  ['is not there', undefined, /auspex\.yaml:3.*holidays\.ics cannot be read \(ENOENT\)/],
  ['is no calendar', ics(event, 'garbage\n'), /auspex\.yaml:3.*holidays\.ics: Line 7: This is no calendar/],
  ['has too many events', ics(...new Array<string>(2001).fill(event)), /holidays\.ics: Line 10002: .*2001 events/],
])('a file that %s is refused with its place and its line', (_, text, expected) => {
  expect(() => read(yaml, text)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(expected) }),
  );
});

test('a kind that is none is refused', () => {
  expect(() => read(yaml.replace('kind: holiday', 'kind: party'))).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});
