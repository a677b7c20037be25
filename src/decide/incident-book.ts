import {
  type Alert,
  type Finding,
  formatDuration,
  type Incident,
  type IncidentSign,
  type IncidentStep,
  type IncidentStepKind,
  severityRank,
} from '../model/index.ts';
import { AFTERMATH_MS, isFelt, isQuietAt } from './incident-bout.ts';
import { type Tie, type Ties, tieReason } from './incident-ties.ts';
import { IncidentBook, type Seen } from './known-incidents.ts';
import { stableId } from './stable-id.ts';

export interface IncidentInputs {
  /** All findings that are open, and those that ended since the last step: a sign that is in none of them has ended. */
  readonly findings: readonly Finding[];
  /** All alerts that fire or are held, and those that ended since the last step. */
  readonly alerts: readonly Alert[];
  /** They are not all, but those that may have changed since the last step: a sign that is not in them goes on. */
  readonly isPart?: boolean;
  readonly ties: Ties;
  /** How many hosts and services are watched. */
  readonly watched: number;
  readonly nameOf: (entityId: string) => string;
}

export interface IncidentBookStep {
  /** The one given. */
  readonly book: IncidentBook;
  /** Rows to store: new, changed, ended. */
  readonly changed: readonly Incident[];
}

export function emptyIncidents(): IncidentBook {
  return new IncidentBook();
}

/** What is tied belongs together when it began within this. */
const TIED_MS = 5 * 60_000;
/** Of what nothing is known only nearness in time speaks, and only where few are watched: among thousands something always happens at once. */
const TOGETHER_MS = 2 * 60_000;
const FEW = 50;
/** Among more than a handful nearness in time ties nothing of which the calls are known and lead nowhere near. */
const HANDFUL = 5;
/** An incident is over when its findings have been for so long; an alert has waited by itself. What was over comes back within half an hour. */
const HOLD_MS = 5 * 60_000;
const BACK_MS = 30 * 60_000;
/** Signs and steps of one incident; more signs belong to it without being kept, more steps drive out the oldest. */
const MOST_SIGNS = 200;
const MOST_STEPS = 200;
/** So many incidents, and signs without one, are looked at in each step for what time alone does to them, in turn; all of them where there are ten times as many or less. */
const LOOKED_AT = 50;
const LOOSE_LOOKED_AT = 20;

const CAME_BACK = 'It had ended and came back.';

/** The book as it was, from rows that are not resolved or were a while ago. */
export function restoreIncidents(rows: readonly Incident[], now: number): IncidentBook {
  return bookOf(
    rows.filter(({ state }) => state === 'open'),
    rows.filter(({ state, resolvedAt }) => state === 'resolved' && now - (resolvedAt ?? 0) < BACK_MS),
  );
}

/** O(signs of all). */
export function bookOf(open: Iterable<Incident>, ended: readonly Incident[]): IncidentBook {
  const book = new IncidentBook();
  for (const incident of open) book.put(incident);
  for (const incident of ended) book.end(incident);
  return book;
}

export function severest<S extends { readonly severity: Incident['severity'] }>(signs: readonly S[]): S | undefined {
  return signs.reduce<S | undefined>(
    (worst, sign) => (worst === undefined || severityRank[sign.severity] > severityRank[worst.severity] ? sign : worst),
    undefined,
  );
}

/**
 * One step of the incidents, with the book given changed in place. A sign opens an incident when it is an alert, or a finding that may page or is severe; others only join. Signs belong
 * together when they are on one host or service, when those are tied and the signs began within five minutes, or, where few are watched and nothing
 * is known, within two. One that belongs to two incidents makes them one. O(signs given × (what they are tied to + the signs of incidents near)), whatever is open.
 */
export function stepIncidents(book: IncidentBook, inputs: IncidentInputs, now: number): IncidentBookStep {
  const work = new Work(book, inputs, now);
  work.update();
  work.join();
  work.close();
  return work.result();
}

/** An incident with a step noted. */
export function noted(
  incident: Incident,
  at: number,
  kind: IncidentStepKind,
  text: string,
  by: string | null = null,
): Incident {
  const step: IncidentStep = { at, kind, text, by };
  return { ...incident, steps: [...incident.steps.slice(-(MOST_STEPS - 1)), step] };
}

/** What a finding or alert says, as a sign; null for one that says nothing here. */
function signOf(one: Finding | Alert): Seen | null {
  if ('detector' in one) {
    if (one.severity === 'none') return null;
    const { id, entityId, resource, severity, onsetAt, summary } = one;
    // What a person called normal is over for everybody, though the detector still sees it.
    const isJudged = one.verdict === 'normal' || one.verdict === 'dismissed';
    const endedAt = isJudged ? (one.endedAt ?? one.lastAt) : one.endedAt;
    const sign: IncidentSign = {
      id,
      kind: 'finding',
      entityId,
      resource,
      severity,
      startedAt: onsetAt,
      endedAt,
      summary,
      reason: '',
      source: one.detector,
    };
    const isSevere = one.pages || severityRank[severity] >= severityRank.high || isSlowToAll(one);
    return { sign, opens: endedAt === null && isSevere };
  }
  // An anomaly's alert is its finding once more.
  if (one.findingId !== null || one.firedAt === null) return null;
  const { id, entityId, resource, severity, startedAt, resolvedAt, summary } = one;
  const sign: IncidentSign = {
    id,
    kind: 'alert',
    entityId,
    resource,
    severity,
    startedAt,
    endedAt: resolvedAt,
    summary,
    reason: '',
    source: one.rule,
  };
  return { sign, opens: resolvedAt === null };
}

/** Answers that take several times as long, so that whoever waits for one notices it: bad enough alone. */
function isSlowToAll({ resource, contributions, direction }: Finding): boolean {
  const [main] = contributions;
  if (resource !== 'latency' || direction !== 'high' || main === undefined) return false;
  return main.value >= SLOW_SECONDS && main.value >= SLOWER * main.upper;
}

const SLOW_SECONDS = 0.15;
const SLOWER = 5;

/** Two incidents as one: the younger becomes part of the elder. */
export function joined(
  younger: Incident,
  elder: Incident,
  reason: string,
  now: number,
  by: string | null,
): { readonly part: Incident; readonly whole: Incident } {
  const part: Incident = {
    ...noted(younger, now, 'merged', `Part of “${elder.title}” from now on. ${reason}`, by),
    state: 'resolved',
    resolvedAt: now,
    mergedInto: elder.id,
    // Its messages are the whole's now, unless that has its own.
    told: elder.told === null ? null : younger.told,
  };
  const whole: Incident = {
    ...elder,
    signs: [...elder.signs, ...younger.signs].slice(0, MOST_SIGNS),
    startedAt: Math.min(elder.startedAt, younger.startedAt),
    entityIds: [...new Set([...elder.entityIds, ...younger.entityIds])],
    apartFrom: [...new Set([...elder.apartFrom, ...younger.apartFrom])].filter(
      (id) => id !== elder.id && id !== younger.id,
    ),
    toldAt: elder.toldAt ?? younger.toldAt,
    leadAlertId: elder.leadAlertId ?? younger.leadAlertId,
    told: elder.told ?? younger.told,
    lastAt: now,
  };
  return { part, whole: noted(whole, now, 'merged', `“${younger.title}” is part of this. ${reason}`, by) };
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/**
 * Whether a sign belongs to what was known of the same host or service: it is of the same resource and comes back; or that went on, or was over for a
 * while only, and either users feel both or they began near each other: a host has a disk that fills and a processor that is busy for reasons of their own.
 */
function isPartOf(known: IncidentSign, sign: IncidentSign): boolean {
  if (known.resource === sign.resource) return true;
  if (known.endedAt !== null && sign.startedAt - known.endedAt > AFTERMATH_MS) return false;
  return isFelt(sign) || Math.abs(sign.startedAt - known.startedAt) <= TIED_MS;
}

class Work {
  readonly #book: IncidentBook;
  readonly #inputs: IncidentInputs;
  readonly #now: number;
  readonly #changed = new Map<string, Incident>();
  readonly #given: readonly Seen[];
  /** Open incidents that a sign given is part of, and those whose turn it is. */
  readonly #looked: ReadonlySet<string>;

  constructor(book: IncidentBook, inputs: IncidentInputs, now: number) {
    this.#book = book;
    this.#inputs = inputs;
    this.#now = now;
    this.#given = [...inputs.findings, ...inputs.alerts].flatMap((one) => signOf(one) ?? []);
    if (inputs.isPart !== true) {
      const given = new Set(this.#given.map(({ sign }) => sign.id));
      for (const sign of book.signs()) if (!given.has(sign.id)) book.unsee(sign);
    }
    for (const seen of this.#given) book.see(seen);
    // What a person called no trouble opens nothing for as long as it goes on.
    book.forget(
      this.#most(LOOKED_AT),
      ({ resolvedAt, verdict, signs }) =>
        now - (resolvedAt ?? 0) < BACK_MS || (verdict === 'dismissed' && signs.some(({ id }) => book.isGoing(id))),
    );
    this.#looked = new Set([
      ...book.round(this.#most(LOOKED_AT)).map(({ id }) => id),
      ...this.#given.flatMap(({ sign }) => book.home.get(sign.id) ?? []),
    ]);
  }

  #most(some: number): number {
    return this.#inputs.isPart === true ? some : Number.POSITIVE_INFINITY;
  }

  #set(incident: Incident): void {
    this.#book.replace(incident);
    this.#changed.set(incident.id, incident);
  }

  /** Signs that are part of an incident already, as they are now. */
  update(): void {
    for (const id of this.#looked) {
      const incident = this.#book.open.get(id);
      if (incident === undefined) continue;
      let differs = false;
      const signs = incident.signs.map((known) => {
        const sign = this.#asNow(known, incident);
        if (sign.severity === known.severity && sign.endedAt === known.endedAt && sign.summary === known.summary)
          return known;
        differs ||= sign.severity !== known.severity || sign.endedAt !== known.endedAt;
        return { ...sign, reason: known.reason };
      });
      const speaks =
        this.#book.beyond(id) > 0 || signs.some((one) => one.endedAt === null && this.#book.isGoing(one.id));
      const lastAt = speaks ? this.#now : incident.lastAt;
      const next = { ...incident, signs, lastAt };
      if (differs) this.#set(next);
      else this.#book.replace(next);
    }
  }

  #asNow(known: IncidentSign, { lastAt }: Incident): IncidentSign {
    const sign = this.#book.sign(known.id);
    if (sign !== undefined) return sign;
    return known.endedAt === null && this.#inputs.isPart !== true ? { ...known, endedAt: lastAt } : known;
  }

  /** Signs that are new: the earliest first, so that the elder incident is the one that stays. */
  join(): void {
    const candidates = new Map(
      [...this.#given, ...this.#book.loose(this.#most(LOOSE_LOOKED_AT))].map((seen) => [seen.sign.id, seen]),
    );
    const fresh = [...candidates.values()].filter(({ sign }) => !this.#book.home.has(sign.id) && sign.endedAt === null);
    fresh.sort(
      (a, b) =>
        Number(b.opens) - Number(a.opens) || a.sign.startedAt - b.sign.startedAt || (a.sign.id < b.sign.id ? -1 : 1),
    );
    for (const { sign, opens: alone } of fresh) {
      const opens = alone || this.#isBacked(sign);
      const ties = this.#near(sign).flatMap((incident) => {
        const reason = this.#tieTo(incident, sign);
        return reason === null ? [] : [{ incident, reason }];
      });
      ties.sort((a, b) => a.incident.openedAt - b.incident.openedAt);
      // What is quiet is not woken by what another that goes on explains.
      const going = ties.filter(({ incident }) => !this.#isQuiet(incident, sign));
      const [first, ...others] = going.length > 0 ? going : ties.slice(0, 1);
      if (first !== undefined) {
        this.#add(first.incident.id, { ...sign, reason: first.reason });
        for (const { incident } of others) this.#merge(incident.id, first.incident.id, first.reason);
      } else if (opens && !this.#reopen(sign)) this.#begin(sign);
    }
    for (const { sign } of this.#given) if (sign.endedAt !== null) this.#book.unsee(sign);
  }

  /** Whether another sign near it, of another resource or another instance, says the same: two that are not severe are worth a look together. */
  #isBacked(sign: IncidentSign): boolean {
    if (!isFelt(sign)) return false;
    const says = (other: IncidentSign): boolean =>
      other.endedAt === null && isFelt(other) && Math.abs(other.startedAt - sign.startedAt) <= TIED_MS;
    const isOnAnother = (entityId: string): boolean =>
      entityId !== sign.entityId && this.#book.signsOf(entityId).some(says);
    return (
      this.#book.signsOf(sign.entityId).some((other) => other.resource !== sign.resource && says(other)) ||
      [...this.#inputs.ties.of(sign.entityId)].some(([id, { kind }]) => kind === 'instance' && isOnAnother(id))
    );
  }

  /** Whether nothing of an incident was seen any more, nor for a while, when a sign began. */
  #isQuiet({ id, signs }: Incident, sign: IncidentSign): boolean {
    return this.#book.beyond(id) === 0 && isQuietAt(signs, sign);
  }

  /** Incidents that a sign could be part of. */
  #near(sign: IncidentSign): Incident[] {
    if (this.#inputs.watched <= FEW) return [...this.#book.open.values()];
    const near = [sign.entityId, ...this.#inputs.ties.of(sign.entityId).keys()].flatMap((id) => this.#book.near(id));
    return [...new Set(near)];
  }

  /** Why a sign belongs to an incident; null where it does not. */
  #tieTo(incident: Incident, sign: IncidentSign): string | null {
    const { nameOf, watched } = this.#inputs;
    const own = incident.signs.filter(({ entityId }) => entityId === sign.entityId);
    if (this.#isQuiet(incident, sign)) return own.some(({ resource }) => resource === sign.resource) ? CAME_BACK : null;
    if (own.some((one) => isPartOf(one, sign)) && sign.startedAt >= incident.startedAt - TIED_MS)
      return `It is on ${nameOf(sign.entityId)}, which is part of this already.`;
    const near = incident.signs.filter((one) => Math.abs(one.startedAt - sign.startedAt) <= TIED_MS);
    const ties = near.length === 0 ? null : this.#inputs.ties.of(sign.entityId);
    for (const one of near) {
      const tie = ties?.get(one.entityId);
      const since = tie === undefined ? null : this.#troubleOf(tie, one, sign);
      if (tie !== undefined && since !== null)
        return tieReason(tie, { name: nameOf(one.entityId), since }, this.#apart(one, sign));
    }
    if (watched > FEW) return null;
    const together = near.find(
      (one) =>
        Math.abs(one.startedAt - sign.startedAt) <= TOGETHER_MS &&
        (watched <= HANDFUL || this.#inputs.ties.isWay(sign.entityId, one.entityId) !== false),
    );
    if (together === undefined) return null;
    return `It began ${this.#apart(together, sign)}, and little else is watched.`;
  }

  /** Since when what a tie leads to, or over, is in trouble; null where what both call is well, so that the tie does not hold. */
  #troubleOf({ kind, through }: Tie, known: IncidentSign, sign: IncidentSign): number | null {
    if (kind !== 'shared') return known.startedAt;
    const near = through
      .flatMap((id) => [...this.#book.signsOf(id)])
      .filter(({ startedAt, endedAt }) => endedAt === null && Math.abs(startedAt - sign.startedAt) <= TIED_MS);
    return near.length === 0 ? null : Math.min(...near.map(({ startedAt }) => startedAt));
  }

  #apart(known: IncidentSign, sign: IncidentSign): string {
    const ms = sign.startedAt - known.startedAt;
    const of = this.#inputs.nameOf(known.entityId);
    if (Math.abs(ms) < 1000) return `together with what was seen on ${of}`;
    return `${formatDuration(Math.abs(ms))} ${ms > 0 ? 'after' : 'before'} what was seen on ${of}`;
  }

  #add(id: string, sign: IncidentSign): void {
    const incident = this.#book.open.get(id);
    if (incident === undefined) return;
    const isBack = sign.reason === CAME_BACK;
    const text = isBack ? `It came back: ${sign.summary}` : `${sentence(sign.summary)} ${sign.reason}`;
    const said = noted(incident, this.#now, isBack ? 'reopened' : 'joined', text);
    if (incident.signs.length >= MOST_SIGNS) {
      this.#book.count(id, sign.id);
      if (isBack) this.#set(said);
      return;
    }
    const grown: Incident = {
      ...said,
      signs: [...incident.signs, sign],
      startedAt: Math.min(incident.startedAt, sign.startedAt),
      lastAt: this.#now,
      entityIds: [...new Set([...incident.entityIds, sign.entityId])],
    };
    this.#book.grow(grown, sign);
    this.#set(grown);
  }

  #merge(from: string, into: string, reason: string): void {
    const [younger, elder] = [this.#book.open.get(from), this.#book.open.get(into)];
    if (younger === undefined || elder === undefined || elder.apartFrom.includes(from)) return;
    const { part, whole } = joined(younger, elder, reason, this.#now, null);
    this.#book.put(whole);
    this.#book.end(part);
    this.#changed.set(from, part);
    this.#changed.set(into, whole);
  }

  /** What ended a while ago on the same host or service with the same resource comes back. */
  #reopen(sign: IncidentSign): boolean {
    const before = this.#book
      .endedAt(sign)
      .find(
        ({ mergedInto, verdict, resolvedAt }) =>
          mergedInto === null && verdict !== 'dismissed' && this.#now - (resolvedAt ?? 0) < BACK_MS,
      );
    if (before === undefined) return false;
    this.#book.put({ ...before, state: 'open', resolvedAt: null, toldAt: null, leadAlertId: null, told: null });
    this.#add(before.id, { ...sign, reason: CAME_BACK });
    return true;
  }

  #begin(sign: IncidentSign): void {
    const id = stableId('incident', sign.entityId, sign.id);
    const incident: Incident = {
      id,
      title: sign.summary,
      class: 'unknown',
      severity: sign.severity,
      state: 'open',
      startedAt: sign.startedAt,
      openedAt: this.#now,
      lastAt: this.#now,
      resolvedAt: null,
      toldAt: null,
      leadAlertId: null,
      told: null,
      priority: null,
      acknowledgedAt: null,
      assignee: null,
      verdict: 'none',
      mergedInto: null,
      apartFrom: [],
      entityId: sign.entityId,
      entityIds: [sign.entityId],
      pinned: { class: false, severity: false },
      signs: [sign],
      causes: [],
      steps: [],
    };
    const opened = noted(incident, this.#now, 'opened', sign.summary);
    this.#book.put(opened);
    this.#changed.set(id, opened);
  }

  /** Over when every sign has been for a while. */
  close(): void {
    for (const id of this.#looked) {
      const incident = this.#book.open.get(id);
      if (incident === undefined || this.#book.beyond(id) > 0) continue;
      if (incident.signs.some(({ endedAt }) => endedAt === null)) continue;
      const end = incident.signs.reduce((last, { endedAt }) => Math.max(last, endedAt ?? 0), 0);
      const isOver = incident.signs.every(
        ({ kind, endedAt }) => this.#now - (endedAt ?? 0) >= (kind === 'finding' ? HOLD_MS : 0),
      );
      if (!isOver) continue;
      const lasted = formatDuration(Math.max(0, end - incident.startedAt));
      const resolved = noted(
        { ...incident, state: 'resolved', resolvedAt: end },
        this.#now,
        'resolved',
        `Nothing of it is seen any more. It lasted ${lasted}.`,
      );
      this.#book.end(resolved);
      this.#changed.set(id, resolved);
    }
  }

  result(): IncidentBookStep {
    // What was joined and then merged within one step is told as it is now.
    const changed = [...this.#changed.values()].map((one) => this.#book.open.get(one.id) ?? one);
    return { book: this.#book, changed };
  }
}
