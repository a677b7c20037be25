import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearch } from 'wouter';
import type { CalendarEntryView } from '../../../src/api/contract/index.ts';
import { apiUrl, call, changedCalendar, ProblemError, useApi } from '../api.ts';
import {
  aboutText,
  calendarSentence,
  dayAfter,
  daysOf,
  dayText,
  effectSentences,
  kindWords,
  lengthText,
  nextOfEach,
  ofDay,
  type Planned,
  plannedIn,
  repeatText,
  shifted,
  startOfDay,
  timeIn,
  type View,
  viewTitle,
} from '../calendar-words.ts';
import { CalendarDialog } from '../parts/calendar-dialog.tsx';
import { CalendarImport } from '../parts/calendar-import.tsx';
import { KindMark, KindWord } from '../parts/calendar-kind.tsx';
import { Modal } from '../parts/sheet.tsx';
import { Nothing, PageSkeleton, ProblemNotice } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { setParams } from '../range.ts';
import './calendar.css';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const AHEAD_DAYS = 60;
const SHOWN_A_DAY = 3;
const LISTED = 20;

type Open =
  | { readonly what: 'new'; readonly startsAt: number }
  | { readonly what: 'entry' | 'change' | 'remove'; readonly entry: CalendarEntryView }
  | { readonly what: 'import' }
  | null;

/** What is planned: by days, and as a list. */
export function CalendarPage() {
  const params = new URLSearchParams(useSearch());
  const view: View = params.get('view') === 'week' ? 'week' : 'month';
  const [now] = useState(() => Date.now());
  const at = dateOf(params.get('on')) ?? now;
  const days = daysOf(view, at);
  const [open, setOpen] = useState<Open>(null);
  const first = days[0] ?? now;
  const end = dayAfter(days.at(-1) ?? now);
  const shown = useApi('calendar', { query: { from: iso(first), to: iso(end) } });
  const today = startOfDay(now);
  const ahead = useApi('calendar', { query: { from: iso(today), to: iso(dayAfter(today, AHEAD_DAYS)) } });
  const problem = ahead.problem ?? shown.problem;
  if (ahead.data === undefined || shown.data === undefined)
    return problem === null ? <PageSkeleton /> : <ProblemNotice problem={problem} retry={ahead.refetch} />;
  const coming = plannedIn(ahead.data).filter(({ endsAt }) => endsAt > now);
  const close = () => setOpen(null);
  return (
    <div className="stack">
      <div className="lede">
        <h1>{calendarSentence(coming, now)}</h1>
      </div>
      {problem !== null && <ProblemNotice problem={problem} retry={ahead.refetch} />}
      <div className="row">
        <div role="group" aria-label="View" className="segments calendar-steps">
          {(['week', 'month'] as const).map((one) => (
            <button key={one} type="button" aria-pressed={view === one} onClick={() => setParams({ view: one })}>
              {one === 'week' ? 'Week' : 'Month'}
            </button>
          ))}
        </div>
        <Steps view={view} at={at} now={now} />
        <h2 className="calendar-title">{viewTitle(view, days, at)}</h2>
        <span className="grow" />
        <button type="button" className="button main" onClick={() => setOpen({ what: 'new', startsAt: nextHour() })}>
          Plan something …
        </button>
        <button type="button" className="button" onClick={() => setOpen({ what: 'import' })}>
          Import …
        </button>
        <a className="button" href={apiUrl('/api/calendar/export').href} download="auspex.ics">
          Export
        </a>
      </div>
      <Grid view={view} days={days} at={at} now={now} planned={plannedIn(shown.data)} onOpen={setOpen} />
      <Upcoming coming={coming} isCut={ahead.data.isCut} now={now} onOpen={setOpen} />
      <Dialogs open={open} setOpen={setOpen} close={close} />
    </div>
  );
}

function Steps({ view, at, now }: { view: View; at: number; now: number }) {
  const go = (by: number) => setParams({ on: dayOf(shifted(view, at, by)) });
  return (
    <div role="group" aria-label={`Another ${view}`} className="segments calendar-steps">
      <button type="button" aria-label={`The ${view} before`} onClick={() => go(-1)}>
        ‹
      </button>
      <button type="button" onClick={() => setParams({ on: dayOf(now) })}>
        Today
      </button>
      <button type="button" aria-label={`The next ${view}`} onClick={() => go(1)}>
        ›
      </button>
    </div>
  );
}

function Dialogs({ open, setOpen, close }: { open: Open; setOpen: (open: Open) => void; close: () => void }) {
  if (open === null) return null;
  switch (open.what) {
    case 'new':
      return <CalendarDialog entry={null} startsAt={open.startsAt} onClose={close} />;
    case 'change':
      return <CalendarDialog entry={open.entry} startsAt={0} onClose={close} />;
    case 'import':
      return <CalendarImport onClose={close} />;
    case 'entry':
      return <EntryDialog entry={open.entry} setOpen={setOpen} onClose={close} />;
    case 'remove':
      return <RemoveDialog entry={open.entry} onClose={close} />;
  }
}

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function Grid({
  view,
  days,
  at,
  now,
  planned,
  onOpen,
}: {
  view: View;
  days: readonly number[];
  at: number;
  now: number;
  planned: readonly Planned[];
  onOpen: (open: Open) => void;
}) {
  const month = new Date(at).getMonth();
  return (
    <div className="calendar-grid card flush" data-view={view}>
      {weekdays.map((name) => (
        <div key={name} className="calendar-weekday" aria-hidden="true">
          {name}
        </div>
      ))}
      {days.map((day) => {
        const own = ofDay(planned, day);
        const most = view === 'week' ? own.length : own.length > SHOWN_A_DAY ? SHOWN_A_DAY - 1 : SHOWN_A_DAY;
        const isOther = view === 'month' && new Date(day).getMonth() !== month;
        return (
          <section key={day} className="calendar-day" data-other={isOther} data-today={day === startOfDay(now)}>
            <h3>
              <span className="hidden-text">{dayText(day, now)}</span>
              <span aria-hidden="true">{new Date(day).getDate()}</span>
              {day === startOfDay(now) && <span className="hidden-text"> (today)</span>}
            </h3>
            {own.slice(0, most).map((one) => (
              <Chip key={`${one.entry.id} ${one.startsAt}`} one={one} day={day} onOpen={onOpen} />
            ))}
            {own.length > most && (
              <button type="button" className="link small" onClick={() => setParams({ view: 'week', on: dayOf(day) })}>
                {own.length - most} more
                <span className="hidden-text"> on {dayText(day, now)}</span>
              </button>
            )}
          </section>
        );
      })}
    </div>
  );
}

function Chip({ one, day, onOpen }: { one: Planned; day: number; onOpen: (open: Open) => void }) {
  const { entry } = one;
  return (
    <button
      type="button"
      className="calendar-chip"
      data-kind={entry.kind}
      title={`${kindWords[entry.kind]}: ${entry.title}`}
      onClick={() => onOpen({ what: 'entry', entry })}
    >
      <KindMark kind={entry.kind} />
      <span className="hidden-text">{kindWords[entry.kind]}: </span>
      <span className="calendar-time">{timeIn(one, day)}</span> {entry.title}
    </button>
  );
}

/** The same as a list: on a phone it is the calendar. */
function Upcoming({
  coming,
  isCut,
  now,
  onOpen,
}: {
  coming: readonly Planned[];
  isCut: boolean;
  now: number;
  onOpen: (open: Open) => void;
}) {
  const [all, setAll] = useState(false);
  const each = nextOfEach(coming);
  const listed = all ? each : each.slice(0, LISTED);
  return (
    <section>
      <div className="head">
        <h2>Now and to come, {AHEAD_DAYS} days</h2>
      </div>
      <div className="card flush">
        {coming.length === 0 ? (
          <Nothing title="Nothing is planned">
            Plan a maintenance and nobody is told about it, nothing of it is learnt; a freeze keeps changes away.
          </Nothing>
        ) : (
          <ul className="rows">
            {listed.map((one) => (
              <li key={`${one.entry.id} ${one.startsAt}`} className="line calendar-line">
                <KindWord kind={one.entry.kind} />
                <div>
                  <button
                    type="button"
                    className="link strong"
                    onClick={() => onOpen({ what: 'entry', entry: one.entry })}
                  >
                    {one.entry.title}
                  </button>
                  <div className="small muted">
                    <Time at={one.startsAt} /> – <Time at={one.endsAt} /> ({lengthText(one)}), {aboutText(one.entry)}
                    {one.entry.recurrence !== null && `, ${repeatText(one.entry.recurrence)}`}
                  </div>
                </div>
                <span className="small muted nowrap">
                  {one.startsAt <= now ? 'holds now' : <Time at={one.startsAt} relative />}
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
      {!all && each.length > LISTED && (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show all {each.length}
        </button>
      )}
      {isCut && <p className="small muted">There is more than can be shown.</p>}
    </section>
  );
}

function EntryDialog({
  entry,
  setOpen,
  onClose,
}: {
  entry: CalendarEntryView;
  setOpen: (open: Open) => void;
  onClose: () => void;
}) {
  const about = aboutText(entry);
  return (
    <Modal open onClose={onClose} title={entry.title}>
      <div className="form">
        <KindWord kind={entry.kind} />
        <dl className="facts">
          <dt>When</dt>
          <dd>
            <Time at={entry.startsAt} /> – <Time at={entry.endsAt} />
            {entry.recurrence !== null && ` and ${repeatText(entry.recurrence)}, in ${entry.timeZone}`}
          </dd>
          <dt>About</dt>
          <dd>{about}</dd>
          <dt>What it does</dt>
          <dd>{effectSentences(entry.kind, entry.governs, about).join(' ')}</dd>
          {entry.reason !== '' && (
            <>
              <dt>Why</dt>
              <dd>{entry.reason}</dd>
            </>
          )}
          <dt>By</dt>
          <dd>
            {entry.createdBy}, <Time at={entry.createdAt} />
          </dd>
        </dl>
        {entry.file === null ? (
          <div className="row">
            <button type="button" className="button" onClick={() => setOpen({ what: 'change', entry })}>
              Change …
            </button>
            <button type="button" className="button quiet" onClick={onClose}>
              Close
            </button>
            <span className="grow" />
            <button type="button" className="button danger" onClick={() => setOpen({ what: 'remove', entry })}>
              Remove …
            </button>
          </div>
        ) : (
          <p className="small muted">
            It stands in <code>{entry.file}</code>: change it there, and read the configuration again.
          </p>
        )}
      </div>
    </Modal>
  );
}

/** Says what ends, then asks. */
function RemoveDialog({ entry, onClose }: { entry: CalendarEntryView; onClose: () => void }) {
  const remove = useMutation({
    mutationFn: () => call('removeCalendarEntry', { params: { id: entry.id } }),
    onSuccess: () => {
      changedCalendar();
      onClose();
    },
  });
  const holds = entry.recurrence === null && Date.parse(entry.startsAt) < Date.now();
  return (
    <Modal open onClose={onClose} title={`${holds ? 'End' : 'Remove'} “${entry.title}”`}>
      <div className="form">
        <p>
          {holds
            ? 'It ends now and stays on the record. What it held back and still stands is told.'
            : entry.recurrence === null
              ? 'It will not come.'
              : 'Every occurrence goes, those to come and those that were.'}{' '}
          To undo that, plan it again.
        </p>
        {remove.error !== null && <ProblemNotice problem={ProblemError.from(remove.error).problem} />}
        <div className="row">
          <button type="button" className="button danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {holds ? 'End it' : 'Remove it'}
          </button>
          <button type="button" className="button quiet" onClick={onClose}>
            Cancel
          </button>
        </div>
      </div>
    </Modal>
  );
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

/** `2026-12-24` in the browser's zone, for the address. */
function dayOf(at: number): string {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

function dateOf(text: string | null): number | null {
  const at = text === null ? Number.NaN : Date.parse(`${text}T00:00`);
  return Number.isFinite(at) && Math.abs(at - Date.now()) < 3650 * DAY_MS ? at : null;
}

function nextHour(): number {
  return Math.ceil(Date.now() / HOUR_MS) * HOUR_MS;
}
