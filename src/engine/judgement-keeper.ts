import {
  bookJudgements,
  type Credence,
  credenceOf,
  type JudgementBook,
  type Likeness,
  noJudgements,
  precisionBySource,
  priorityOf,
} from '../decide/priority.ts';
import {
  type Finding,
  type Incident,
  type IncidentPriority,
  type JudgementRow,
  type RecordStore,
  rowPages,
  type ServiceGraph,
} from '../model/index.ts';

/** What people said of what was found, and what follows from it for what is found next. */
export class JudgementKeeper {
  readonly #records: RecordStore;
  readonly #graph: ServiceGraph;
  readonly #rows = new Map<string, JudgementRow>();
  #book: JudgementBook = noJudgements;

  constructor(records: RecordStore, graph: ServiceGraph) {
    this.#records = records;
    this.#graph = graph;
  }

  async load(): Promise<void> {
    for await (const rows of rowPages(this.#records, 'judgements')) for (const row of rows) this.#rows.set(row.id, row);
    this.#book = bookJudgements(this.#rows.values());
  }

  priorityOf(incident: Incident): IncidentPriority {
    return priorityOf(incident, this.#likes(incident), this.#book);
  }

  credenceOf(finding: Pick<Finding, 'detector' | 'resource' | 'entityId'>): Credence {
    return credenceOf(this.#book, {
      source: finding.detector,
      resource: finding.resource,
      group: this.#groupOf(finding.entityId),
    });
  }

  precision(): ReturnType<typeof precisionBySource> {
    return precisionBySource(this.#book);
  }

  /** Keeps what a person said of an incident: once for each kind of sign, however many there are. */
  async judgeIncident(incident: Incident, verdict: JudgementRow['verdict'], by: string, at: number): Promise<void> {
    const likes = new Map(this.#likes(incident).map((like) => [idOf(incident.id, like), like]));
    const rows = [...likes].map(([id, like]) => ({ id, about: incident.id, ...like, verdict, at, by }));
    // Who looks at what was judged says nothing new.
    await this.#keep(verdict === 'acknowledged' ? rows.filter(({ id }) => !this.#rows.has(id)) : rows);
  }

  /** Keeps what a person said of a finding, as part of the incident where it is of one. */
  async judgeFinding(finding: Finding, about: string, by: string, at: number): Promise<void> {
    if (finding.verdict === 'none') return;
    const like = {
      source: finding.detector,
      resource: finding.resource,
      group: this.#groupOf(finding.entityId),
    } as const;
    const verdict = finding.verdict === 'confirmed' ? 'confirmed' : 'dismissed';
    await this.#keep([{ id: idOf(about, like), about, ...like, verdict, at, by }]);
  }

  async #keep(rows: readonly JudgementRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#records.put('judgements', rows);
    for (const row of rows) this.#rows.set(row.id, row);
    this.#book = bookJudgements(this.#rows.values());
  }

  #likes({ signs }: Incident): (Likeness & Pick<JudgementRow, 'resource'>)[] {
    return signs.map(({ source, kind, resource, entityId }) => ({
      source: source ?? kind,
      resource,
      group: this.#groupOf(entityId),
    }));
  }

  #groupOf(entityId: string): string {
    const service = this.#graph.serviceOf(entityId);
    return service === null ? 'hosts' : this.#graph.nameOf(service);
  }
}

function idOf(about: string, { source, resource, group }: Likeness): string {
  return [about, source, resource, group].join(':');
}
