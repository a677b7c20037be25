import type { Entity, ServiceGraph } from '../model/index.ts';

/** How a host or service hangs together with another. */
export interface Tie {
  readonly kind: 'instance' | 'call' | 'shared';
  /** As a sentence without its end: `Both are instances of shop`, `shop calls postgres`. */
  readonly text: string;
  /** Of a call: whether the other is the one that is called. */
  readonly isCallee: boolean;
  /** Of what both call: the tie holds while one of these shows signs. */
  readonly through: readonly string[];
}

export interface Ties {
  /** What a host or service is tied to. */
  of(entityId: string): ReadonlyMap<string, Tie>;
  /** Whether some way of calls leads from one to the other, or both are on one host. Null where nobody can say: of one of them no call is known. */
  isWay(a: string, b: string): boolean | null;
}

/** Instances of one service are tied, and services that call one another; of a service with very many, the first so many. */
const MOST = 100;

/** What the services' graph ties together. What is asked for is worked out once; the whole is for one step. O(calls + 100 a question). */
export class GraphTies implements Ties {
  readonly #graph: ServiceGraph;
  /** The host, or the address, that something runs on; null where not known. */
  readonly #hostOf: (entityId: string) => string | null;
  readonly #ties = new Map<string, ReadonlyMap<string, Tie>>();
  readonly #members = new Map<string, readonly string[]>();
  readonly #callees = new Map<string, Set<string>>();
  readonly #callers = new Map<string, Set<string>>();
  #isLoaded = false;
  /** Which services hang together by calls, over however many. */
  #groups: Map<string, string> | null = null;

  constructor(graph: ServiceGraph, hostOf: (entityId: string) => string | null) {
    this.#graph = graph;
    this.#hostOf = hostOf;
  }

  of(entityId: string): ReadonlyMap<string, Tie> {
    const known = this.#ties.get(entityId);
    if (known !== undefined) return known;
    const made = this.#tiesOf(entityId);
    this.#ties.set(entityId, made);
    return made;
  }

  #tiesOf(entityId: string): ReadonlyMap<string, Tie> {
    const ties = new Map<string, Tie>();
    const own = this.#graph.serviceOf(entityId);
    if (own === null) return ties;
    this.#load();
    const name = (service: string): string => this.#graph.nameOf(service);
    const add = (service: string, tie: Omit<Tie, 'through'> & Partial<Tie>): void => {
      for (const id of this.#of(service)) if (id !== entityId && !ties.has(id)) ties.set(id, { through: [], ...tie });
    };
    add(own, { kind: 'instance', text: `Both are instances of ${name(own)}`, isCallee: false });
    const callees = [...(this.#callees.get(own) ?? [])].slice(0, MOST);
    for (const callee of callees)
      add(callee, { kind: 'call', text: `${name(own)} calls ${name(callee)}`, isCallee: true });
    for (const caller of [...(this.#callers.get(own) ?? [])].slice(0, MOST))
      add(caller, { kind: 'call', text: `${name(caller)} calls ${name(own)}`, isCallee: false });
    for (const callee of callees)
      for (const other of [...(this.#callers.get(callee) ?? [])].slice(0, MOST)) {
        if (other === own) continue;
        const text = `${name(own)} and ${name(other)} both call ${name(callee)}`;
        add(other, { kind: 'shared', text, isCallee: false, through: this.#of(callee) });
      }
    return ties;
  }

  #of(service: string): readonly string[] {
    const known = this.#members.get(service);
    if (known !== undefined) return known;
    const members = this.#graph.entitiesOf(service).slice(0, MOST);
    this.#members.set(service, members);
    return members;
  }

  #load(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    for (const { from, to } of this.#graph.dependencies()) {
      if (from === to) continue;
      this.#callees.set(from, (this.#callees.get(from) ?? new Set()).add(to));
      this.#callers.set(to, (this.#callers.get(to) ?? new Set()).add(from));
    }
  }

  isWay(a: string, b: string): boolean | null {
    const groups = (this.#groups ??= groupsOf(this.#graph));
    const [one, other] = [a, b].map((id) => groups.get(this.#graph.serviceOf(id) ?? ''));
    if (one === undefined || other === undefined) return null;
    return one === other || (this.#hostOf(a) ?? a) === (this.#hostOf(b) ?? b);
  }
}

/** The address that a target is asked at; null where it has none. */
export function addressOf({ kind, aliases }: Entity): string | null {
  return kind === 'host' ? null : (/^instance=([^,]+),job=/.exec(aliases[0] ?? '')?.[1] ?? null);
}

/** Services by the first of those that they hang together with. O(calls). */
function groupsOf(graph: ServiceGraph): Map<string, string> {
  const parent = new Map<string, string>();
  const rootOf = (service: string): string => {
    let root = service;
    for (let above = parent.get(root); above !== undefined && above !== root; above = parent.get(root)) root = above;
    return root;
  };
  for (const { from, to } of graph.dependencies()) {
    const [one, other] = [rootOf(from), rootOf(to)];
    for (const service of [from, to, one, other]) if (!parent.has(service)) parent.set(service, service);
    parent.set(other, one);
  }
  return new Map([...parent.keys()].map((service) => [service, rootOf(service)]));
}

/** Why a tie holds for two signs, as a sentence: in whom the trouble is, and since when. */
export function tieReason(
  { kind, text, isCallee }: Tie,
  known: { readonly name: string; readonly since: number },
  apart: string,
): string {
  const since = `${new Date(known.since).toISOString().slice(11, 16)} UTC`;
  switch (kind) {
    case 'instance':
      return `${text}, and it began ${apart}.`;
    case 'call':
      return isCallee
        ? `${text}, which is in trouble since ${since}; this began ${apart}.`
        : `${text}, and ${known.name} is in trouble since ${since}; this began ${apart}.`;
    case 'shared':
      return `${text}, which is in trouble since ${since}; this began ${apart}.`;
  }
}
