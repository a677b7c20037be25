/* Where services stand on the map: callers left of those that they call. Pure. */

export interface Placed {
  readonly id: string;
  /** Column, callers first. */
  readonly layer: number;
  /** Place within the column, from the top. */
  readonly row: number;
}

export interface ServiceLayout {
  readonly placed: readonly Placed[];
  readonly layers: number;
  readonly rows: number;
  /** Those that neither call nor are called. */
  readonly apart: readonly string[];
}

interface Call {
  readonly from: string;
  readonly to: string;
}

const SWEEPS = 6;

/**
 * A layered drawing: calls that close a circle are left out of account, each service stands one column behind its furthest caller, and
 * within a column near those that it is connected to (Sugiyama; barycentres). O(services + calls) a sweep, six sweeps.
 */
export function layServices(ids: readonly string[], calls: readonly Call[]): ServiceLayout {
  const known = new Set(ids);
  const real = calls.filter(({ from, to }) => from !== to && known.has(from) && known.has(to));
  const tied = new Set(real.flatMap(({ from, to }) => [from, to]));
  const shown = ids.filter((id) => tied.has(id));
  const forward = withoutCircles(shown, real);
  const layerOf = layersOf(shown, forward);
  const columns: string[][] = [];
  for (const id of shown) (columns[layerOf.get(id) ?? 0] ??= []).push(id);
  const beside = neighboursOf(real);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const order = sweep % 2 === 0 ? columns : [...columns].reverse();
    const rowOf = new Map(columns.flatMap((column) => column.map((id, row) => [id, row - column.length / 2] as const)));
    for (const column of order) {
      const wish = (id: string): number => mean((beside.get(id) ?? []).map((other) => rowOf.get(other) ?? 0));
      const wishes = new Map(column.map((id) => [id, wish(id)]));
      column.sort((a, b) => (wishes.get(a) ?? 0) - (wishes.get(b) ?? 0));
      for (const [row, id] of column.entries()) rowOf.set(id, row - column.length / 2);
    }
  }
  return {
    placed: columns.flatMap((column, layer) => column.map((id, row) => ({ id, layer, row }))),
    layers: columns.length,
    rows: Math.max(0, ...columns.map(({ length }) => length)),
    apart: ids.filter((id) => !tied.has(id)),
  };
}

/** Every call but those that lead back to a caller on the way. */
function withoutCircles(ids: readonly string[], calls: readonly Call[]): Call[] {
  const callees = Map.groupBy(calls, ({ from }) => from);
  const state = new Map<string, 'open' | 'done'>();
  const kept: Call[] = [];
  const visit = (id: string): void => {
    state.set(id, 'open');
    for (const call of callees.get(id) ?? []) {
      if (state.get(call.to) === 'open') continue;
      kept.push(call);
      if (!state.has(call.to)) visit(call.to);
    }
    state.set(id, 'done');
  };
  // Who is called by nobody first: circles are cut where they are entered from outside.
  const called = new Set(calls.map(({ to }) => to));
  for (const id of [...ids.filter((one) => !called.has(one)), ...ids]) if (!state.has(id)) visit(id);
  return kept;
}

/** The longest way from a service that nobody calls. */
function layersOf(ids: readonly string[], calls: readonly Call[]): ReadonlyMap<string, number> {
  const callers = Map.groupBy(calls, ({ to }) => to);
  const layers = new Map<string, number>();
  const layerOf = (id: string): number => {
    const known = layers.get(id);
    if (known !== undefined) return known;
    const layer = Math.max(-1, ...(callers.get(id) ?? []).map(({ from }) => layerOf(from))) + 1;
    layers.set(id, layer);
    return layer;
  };
  for (const id of ids) layerOf(id);
  return layers;
}

function neighboursOf(calls: readonly Call[]): ReadonlyMap<string, string[]> {
  const beside = new Map<string, string[]>();
  for (const { from, to } of calls)
    for (const [a, b] of [
      [from, to],
      [to, from],
    ] as const)
      (beside.get(a) ?? beside.set(a, []).get(a))?.push(b);
  return beside;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
