import { randomUUID } from 'node:crypto';
import type { ObjectivesPort } from './api/http/ports.ts';
import type { LoadedConfig } from './config/load.ts';
import { indicatorQueries } from './decide/objective-indicator.ts';
import { stableId } from './decide/stable-id.ts';
import type { Engine } from './engine/engine.ts';
import type { ObjectiveView } from './engine/objective-keeper.ts';
import { AuspexError } from './errors.ts';
import type { Clock, Indicator, Objective, RecordStore } from './model/index.ts';

const MOST = 500;
/** Who made those that stand in the configuration. */
const CONFIGURATION = 'configuration';

/** Where objectives come from: the configuration, and what people make. */
export class ObjectiveBook implements ObjectivesPort {
  readonly #engine: Engine;
  readonly #records: RecordStore;
  readonly #clock: Clock;
  #configured: readonly Objective[] = [];
  #made: readonly Objective[] = [];

  constructor(parts: { engine: Engine; records: RecordStore; clock: Clock }) {
    this.#engine = parts.engine;
    this.#records = parts.records;
    this.#clock = parts.clock;
  }

  /** Takes over what the configuration says, and at start what was made. @throws AuspexError CONFIG_INVALID with the line. */
  async load(loaded: LoadedConfig): Promise<void> {
    const configured = configuredObjectives(loaded);
    this.#made = (await this.#records.find('objectives', { limit: MOST })).rows;
    this.#configured = configured;
    await this.#apply();
  }

  list(): readonly (ObjectiveView & { readonly isConfigured: boolean })[] {
    const configured = new Set(this.#configured.map(({ id }) => id));
    return this.#engine.objectives
      .views()
      .map((view) => ({ ...view, isConfigured: configured.has(view.objective.id) }));
  }

  async add(given: Omit<Objective, 'id' | 'createdBy' | 'createdAt'>, by: string): Promise<string> {
    this.#check(given, null);
    if (this.#made.length >= MOST) throw new AuspexError('CONFLICT', `${MOST} objectives are there already.`);
    const objective: Objective = {
      ...given,
      id: randomUUID().replaceAll('-', ''),
      createdBy: by,
      createdAt: this.#clock.now(),
    };
    await this.#keep(objective);
    return objective.id;
  }

  async change(id: string, given: Omit<Objective, 'id' | 'createdBy' | 'createdAt'>): Promise<void> {
    const before = this.#own(id);
    this.#check(given, id);
    await this.#keep({ ...before, ...given });
  }

  async remove(id: string): Promise<void> {
    this.#own(id);
    await this.#records.remove('objectives', { id });
    this.#made = this.#made.filter((one) => one.id !== id);
    await this.#apply();
  }

  #own(id: string): Objective {
    const found = this.#made.find((one) => one.id === id);
    if (found !== undefined) return found;
    if (this.#configured.some((one) => one.id === id))
      throw new AuspexError('CONFLICT', 'This objective stands in the configuration file; change it there.');
    throw new AuspexError('NOT_FOUND', `There is no objective with the id “${id}”.`);
  }

  #check(given: Omit<Objective, 'id' | 'createdBy' | 'createdAt'>, id: string | null): void {
    indicatorQueries(given);
    if ([...this.#configured, ...this.#made].some((one) => one.name === given.name && one.id !== id))
      throw new AuspexError('CONFLICT', `An objective is called “${given.name}” already.`);
  }

  async #keep(objective: Objective): Promise<void> {
    await this.#records.put('objectives', [objective]);
    this.#made = [...this.#made.filter(({ id }) => id !== objective.id), objective];
    await this.#apply();
  }

  #apply(): Promise<void> {
    const names = new Set(this.#configured.map(({ name }) => name));
    return this.#engine.objectives.set([...this.#configured, ...this.#made.filter(({ name }) => !names.has(name))]);
  }
}

function configuredObjectives(loaded: LoadedConfig): Objective[] {
  return loaded.config.objectives.map((given, i) => {
    const objective: Objective = {
      id: stableId('objective', given.name),
      name: given.name,
      service: given.service,
      indicator: indicatorOf(given),
      target: given.target / 100,
      windowMs: given.window,
      createdBy: CONFIGURATION,
      createdAt: 0,
    };
    try {
      indicatorQueries(objective);
    } catch (thrown) {
      const { message, data } = AuspexError.from(thrown);
      const field = typeof data['field'] === 'string' ? [data['field']] : [];
      throw loaded.fault(['objectives', i, ...field], `objectives[${i}].${message}`);
    }
    return objective;
  });
}

function indicatorOf({
  good,
  total,
  histogram,
  match,
  limit,
}: LoadedConfig['config']['objectives'][number]): Indicator {
  if (good !== null && total !== null) return { kind: 'events', good, total };
  const limitSeconds = (limit ?? 0) / 1000;
  if (histogram !== null) return { kind: 'histogram', metric: histogram, match: match ?? '', limitSeconds };
  return limit === null ? { kind: 'availability' } : { kind: 'latency', limitSeconds };
}
