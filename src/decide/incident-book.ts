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
import { stableId } from './stable-id.ts';

/** Incidents that are not over, and those that ended a while ago and may come back. */
export interface IncidentBook {
  readonly open: ReadonlyMap<string, Incident>;
  readonly ended: readonly Incident[];
  /** Which open incident a sign is part of. */
  readonly home: ReadonlyMap<string, string>;
}

export interface IncidentInputs {
  /** All findings that are open, and those that ended since the last step: a sign that is in none of them has ended. */
  readonly findings: readonly Finding[];
  /** All alerts that fire or are held, and those that ended since the last step. */
  readonly alerts: readonly Alert[];
  /** What a host or service is tied to, with how, as a sentence (`shop calls redis`). */
  readonly ties: (entityId: string) => ReadonlyMap<string, string>;
  /** How many hosts and services are watched. */
  readonly watched: number;
  readonly nameOf: (entityId: string) => string;
}

export interface IncidentBookStep {
  readonly book: IncidentBook;
  /** Rows to store: new, changed, ended. */
  readonly changed: readonly Incident[];
}

export const emptyIncidents: IncidentBook = { open: new Map(), ended: [], home: new Map() };

/** What is tied belongs together when it began within this. */
const TIED_MS = 5 * 60_000;
/** Of what nothing is known only nearness in time speaks, and only where few are watched: among thousands something always happens at once. */
const TOGETHER_MS = 2 * 60_000;
const FEW = 50;
/** On a host or service that is part of it already, new signs belong to it until so long after the last one. */
const SAME_MS = 10 * 60_000;
/** An incident is over when its findings have been for so long; an alert has waited by itself. What was over comes back within half an hour. */
const HOLD_MS = 5 * 60_000;
const BACK_MS = 30 * 60_000;
/** Signs and steps of one incident; more are counted, not kept. */
const MOST_SIGNS = 200;
const MOST_STEPS = 200;

/** What users feel, or soon will. */
const FELT: ReadonlySet<string> = new Set(['availability', 'errors', 'latency', 'saturation', 'traffic']);

/** The book as it was, from rows that are not resolved or were a while ago. */
export function restoreIncidents(rows: readonly Incident[], now: number): IncidentBook {
  return bookOf(
    rows.filter(({ state }) => state === 'open'),
    rows.filter(({ state, resolvedAt }) => state === 'resolved' && now - (resolvedAt ?? 0) < BACK_MS),
  );
}

/** O(signs of all that is open). */
export function bookOf(open: Iterable<Incident>, ended: readonly Incident[]): IncidentBook {
  const byId = new Map<string, Incident>();
  const home = new Map<string, string>();
  for (const incident of open) {
    byId.set(incident.id, incident);
    for (const { id } of incident.signs) home.set(id, incident.id);
  }
  return { open: byId, ended, home };
}

export function severest<S extends { readonly severity: Incident['severity'] }>(signs: readonly S[]): S | undefined {
  return signs.reduce<S | undefined>(
    (worst, sign) => (worst === undefined || severityRank[sign.severity] > severityRank[worst.severity] ? sign : worst),
    undefined,
  );
}

/**
 * One step of all incidents: pure, the book given stays as it is. A sign opens an incident when it is an alert, or a finding that may page or is severe; others only join. Signs belong
 * together when they are on one host or service, when those are tied and the signs began within five minutes, or, where few are watched and nothing
 * is known, within two. One that belongs to two incidents makes them one. O(signs + new signs × (what they are tied to + the signs of incidents near)).
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
function signOf(one: Finding | Alert): { sign: IncidentSign; opens: boolean } | null {
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
    };
    return { sign, opens: endedAt === null && (one.pages || severityRank[severity] >= severityRank.high) };
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
  };
  return { sign, opens: resolvedAt === null };
}

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
    lastAt: now,
  };
  return { part, whole: noted(whole, now, 'merged', `“${younger.title}” is part of this. ${reason}`, by) };
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

class Work {
  readonly #inputs: IncidentInputs;
  readonly #now: number;
  readonly #open: Map<string, Incident>;
  #ended: Incident[];
  readonly #changed = new Map<string, Incident>();
  readonly #signs: { sign: IncidentSign; opens: boolean }[];
  /** Which incident each known sign is part of; a dismissed one's signs belong to it although it is over. */
  readonly #home = new Map<string, string>();
  readonly #byEntity = new Map<string, Set<string>>();

  constructor(book: IncidentBook, inputs: IncidentInputs, now: number) {
    this.#inputs = inputs;
    this.#now = now;
    this.#open = new Map(book.open);
    this.#signs = [...inputs.findings, ...inputs.alerts].flatMap((one) => signOf(one) ?? []);
    const going = new Set(this.#signs.flatMap(({ sign }) => (sign.endedAt === null ? sign.id : [])));
    // What a person called no trouble opens nothing for as long as it goes on.
    this.#ended = book.ended.filter(
      ({ resolvedAt, verdict, signs }) =>
        now - (resolvedAt ?? 0) < BACK_MS || (verdict === 'dismissed' && signs.some(({ id }) => going.has(id))),
    );
    for (const { id: home, signs } of this.#ended.filter(({ verdict }) => verdict === 'dismissed'))
      for (const { id } of signs) this.#home.set(id, home);
    for (const incident of this.#open.values()) this.#index(incident);
  }

  #index(incident: Incident): void {
    for (const { id } of incident.signs) this.#home.set(id, incident.id);
    for (const entityId of incident.entityIds) {
      const own = this.#byEntity.get(entityId);
      if (own === undefined) this.#byEntity.set(entityId, new Set([incident.id]));
      else own.add(incident.id);
    }
  }

  #set(incident: Incident): void {
    this.#open.set(incident.id, incident);
    this.#changed.set(incident.id, incident);
  }

  /** Signs that are part of an incident already, as they are now. */
  update(): void {
    const now = new Map(this.#signs.map(({ sign }) => [sign.id, sign]));
    for (const incident of this.#open.values()) {
      let differs = false;
      const signs = incident.signs.map((known) => {
        const sign = now.get(known.id) ?? (known.endedAt === null ? { ...known, endedAt: incident.lastAt } : known);
        if (sign.severity === known.severity && sign.endedAt === known.endedAt && sign.summary === known.summary)
          return known;
        differs ||= sign.severity !== known.severity || sign.endedAt !== known.endedAt;
        return { ...sign, reason: known.reason };
      });
      const speaks = signs.some(({ id, endedAt }) => endedAt === null && now.has(id));
      const lastAt = speaks ? this.#now : incident.lastAt;
      const next = { ...incident, signs, lastAt };
      if (differs) this.#set(next);
      else this.#open.set(incident.id, next);
    }
  }

  /** Signs that are new: the earliest first, so that the elder incident is the one that stays. */
  join(): void {
    const fresh = this.#signs.filter(({ sign }) => !this.#home.has(sign.id) && sign.endedAt === null);
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
      const [first, ...others] = ties;
      if (first !== undefined) {
        this.#add(first.incident.id, { ...sign, reason: first.reason });
        for (const { incident } of others) this.#merge(incident.id, first.incident.id, first.reason);
      } else if (opens && !this.#reopen(sign)) this.#begin(sign);
    }
  }

  /** Whether another sign near it, of another resource or another instance, says the same: two that are not severe are worth a look together. */
  #isBacked(sign: IncidentSign): boolean {
    if (!FELT.has(sign.resource)) return false;
    return this.#signs.some(({ sign: other }) => {
      if (other.id === sign.id || other.endedAt !== null || !FELT.has(other.resource)) return false;
      if (Math.abs(other.startedAt - sign.startedAt) > TIED_MS) return false;
      if (other.entityId === sign.entityId) return other.resource !== sign.resource;
      return this.#inputs.ties(sign.entityId).has(other.entityId);
    });
  }

  /** Incidents that a sign could be part of. */
  #near(sign: IncidentSign): Incident[] {
    if (this.#inputs.watched <= FEW) return [...this.#open.values()];
    const ids = new Set<string>();
    for (const entityId of [sign.entityId, ...this.#inputs.ties(sign.entityId).keys()])
      for (const id of this.#byEntity.get(entityId) ?? []) ids.add(id);
    return [...ids].flatMap((id) => this.#open.get(id) ?? []);
  }

  /** Why a sign belongs to an incident; null where it does not. */
  #tieTo(incident: Incident, sign: IncidentSign): string | null {
    const { nameOf, watched } = this.#inputs;
    const own = incident.signs.find(({ entityId }) => entityId === sign.entityId);
    if (
      own !== undefined &&
      sign.startedAt - incident.lastAt <= SAME_MS &&
      sign.startedAt >= incident.startedAt - TIED_MS
    )
      return `It is on ${nameOf(sign.entityId)}, which is part of this already.`;
    const near = incident.signs.filter((one) => Math.abs(one.startedAt - sign.startedAt) <= TIED_MS);
    const ties = near.length === 0 ? null : this.#inputs.ties(sign.entityId);
    for (const one of near) {
      const known = ties?.get(one.entityId);
      if (known !== undefined) return `${known}, and it began ${this.#apart(one, sign)}.`;
    }
    const together = near.find((one) => Math.abs(one.startedAt - sign.startedAt) <= TOGETHER_MS);
    if (together === undefined || watched > FEW) return null;
    return `It began ${this.#apart(together, sign)}, and little else is watched.`;
  }

  #apart(known: IncidentSign, sign: IncidentSign): string {
    const ms = sign.startedAt - known.startedAt;
    const of = this.#inputs.nameOf(known.entityId);
    if (Math.abs(ms) < 1000) return `together with what was seen on ${of}`;
    return `${formatDuration(Math.abs(ms))} ${ms > 0 ? 'after' : 'before'} what was seen on ${of}`;
  }

  #add(id: string, sign: IncidentSign): void {
    const incident = this.#open.get(id);
    if (incident === undefined || incident.signs.length >= MOST_SIGNS) return;
    const grown: Incident = {
      ...incident,
      signs: [...incident.signs, sign],
      startedAt: Math.min(incident.startedAt, sign.startedAt),
      lastAt: this.#now,
      entityIds: [...new Set([...incident.entityIds, sign.entityId])],
    };
    this.#index(grown);
    this.#set(noted(grown, this.#now, 'joined', `${sentence(sign.summary)} ${sign.reason}`));
  }

  #merge(from: string, into: string, reason: string): void {
    const [younger, elder] = [this.#open.get(from), this.#open.get(into)];
    if (younger === undefined || elder === undefined || elder.apartFrom.includes(from)) return;
    const { part, whole } = joined(younger, elder, reason, this.#now, null);
    this.#open.delete(from);
    this.#changed.set(from, part);
    this.#index(whole);
    this.#set(whole);
  }

  /** What ended a while ago on the same host or service with the same resource comes back. */
  #reopen(sign: IncidentSign): boolean {
    const before = this.#ended.find(
      ({ signs, mergedInto, verdict }) =>
        mergedInto === null &&
        verdict !== 'dismissed' &&
        signs.some(({ entityId, resource }) => entityId === sign.entityId && resource === sign.resource),
    );
    if (before === undefined) return false;
    this.#ended = this.#ended.filter(({ id }) => id !== before.id);
    this.#set(
      noted(
        { ...before, state: 'open', resolvedAt: null, toldAt: null, leadAlertId: null },
        this.#now,
        'reopened',
        `It came back: ${sign.summary}`,
      ),
    );
    this.#add(before.id, { ...sign, reason: 'It had ended and came back.' });
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
    this.#index(incident);
    this.#set(noted(incident, this.#now, 'opened', sign.summary));
  }

  /** Over when every sign has been for a while. */
  close(): void {
    for (const incident of this.#open.values()) {
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
      this.#open.delete(incident.id);
      this.#ended.push(resolved);
      this.#changed.set(incident.id, resolved);
    }
  }

  result(): IncidentBookStep {
    // What was joined and then merged within one step is told as it is now.
    const changed = [...this.#changed.values()].map((one) => this.#open.get(one.id) ?? one);
    return { book: bookOf(this.#open.values(), this.#ended), changed };
  }
}
