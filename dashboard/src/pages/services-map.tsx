import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import type { ServiceGraphView } from '../../../src/api/contract/index.ts';
import { rangeSearch } from '../range.ts';
import { layServices, type Placed } from '../service-layout.ts';
import { severityOfScore, wordOfScore } from '../service-words.ts';

const WIDTH = 184;
const HEIGHT = 44;
const GAP_X = 72;
const GAP_Y = 14;
const MARGIN = 16;
const NAME_CHARS = 20;

/** Who calls whom, callers to the left. Arrow keys go along the calls; the list below says the same. */
export function ServicesMap({ graph }: { graph: ServiceGraphView }) {
  const [, navigate] = useLocation();
  const search = rangeSearch(useSearch());
  const [lit, setLit] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const key = JSON.stringify([
    graph.services.map(({ id }) => id),
    graph.dependencies.map(({ from, to }) => [from, to]),
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: where they stand follows from who there is and who calls whom, not from how they are
  const layout = useMemo(
    () =>
      layServices(
        graph.services.map(({ id }) => id),
        graph.dependencies,
      ),
    [key],
  );
  const places = useMemo(() => new Map(layout.placed.map((one) => [one.id, one])), [layout]);
  if (layout.placed.length === 0) return null;
  const columnHeight = (layer: number) => layout.placed.filter((one) => one.layer === layer).length * (HEIGHT + GAP_Y);
  const tallest = layout.rows * (HEIGHT + GAP_Y);
  const at = ({ layer, row }: Placed) => ({
    x: MARGIN + layer * (WIDTH + GAP_X),
    y: MARGIN + row * (HEIGHT + GAP_Y) + (tallest - columnHeight(layer)) / 2,
  });
  const go = (id: string | undefined) => {
    if (id === undefined) return;
    const node = box.current?.querySelector<SVGElement>(`[data-id="${CSS.escape(id)}"]`);
    node?.focus();
    node?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  const onKey = (event: KeyboardEvent, { id, layer, row }: Placed) => {
    const path = `/services/${encodeURIComponent(id)}${search}`;
    const beside = (by: number) => layout.placed.find((one) => one.layer === layer && one.row === row + by)?.id;
    const moves: Readonly<Record<string, () => void>> = {
      Enter: () => navigate(path),
      ArrowRight: () => go(graph.dependencies.find(({ from }) => from === id)?.to),
      ArrowLeft: () => go(graph.dependencies.find(({ to }) => to === id)?.from),
      ArrowDown: () => go(beside(1)),
      ArrowUp: () => go(beside(-1)),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  };
  return (
    <div ref={box} className="service-map" data-lit={lit === null ? undefined : ''}>
      <svg
        width={2 * MARGIN + layout.layers * (WIDTH + GAP_X) - GAP_X}
        height={2 * MARGIN + tallest - GAP_Y}
        role="group"
        aria-label="Map of services: arrow keys go along the calls. The list below says the same."
      >
        <defs>
          <marker id="call-end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 8 4 0 8Z" fill="var(--line-strong)" />
          </marker>
        </defs>
        {graph.dependencies.map(({ from, to, origins }) => {
          const start = places.get(from);
          const end = places.get(to);
          if (start === undefined || end === undefined) return null;
          const isLit = lit === from || lit === to;
          const byHand = origins.every((one) => one === 'person' || one === 'declared');
          return (
            <path
              key={`${from} ${to}`}
              className={`call${byHand ? ' by-person' : ''}${isLit ? ' lit' : ''}`}
              d={curve(at(start), at(end))}
              markerEnd="url(#call-end)"
            />
          );
        })}
        {graph.services.map(({ id, name, score, sentence }) => {
          const place = places.get(id);
          if (place === undefined) return null;
          const { x, y } = at(place);
          const severity = severityOfScore(score);
          const shown = name.length > NAME_CHARS ? `${name.slice(0, NAME_CHARS - 1)}…` : name;
          return (
            <g key={id} transform={`translate(${x} ${y})`}>
              <title>{`${name}: ${sentence}`}</title>
              <a
                className="node"
                data-id={id}
                href={`services/${encodeURIComponent(id)}`}
                onClick={(event) => {
                  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                  event.preventDefault();
                  navigate(`/services/${encodeURIComponent(id)}${search}`);
                }}
                onKeyDown={(event) => onKey(event, place)}
                onFocus={() => setLit(id)}
                onBlur={() => setLit(null)}
                onMouseEnter={() => setLit(id)}
                onMouseLeave={() => setLit(null)}
              >
                <rect width={WIDTH} height={HEIGHT} rx="6" />
                <Mark severity={severity} />
                <text x="28" y="19">
                  {shown}
                </text>
                <text className="figure" x="28" y="35">
                  {score === null ? 'not seen' : `${score} · ${wordOfScore(score)}`}
                </text>
              </a>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

/** Each severity by its shape, as everywhere on the page. */
function Mark({ severity }: { severity: 'none' | 'medium' | 'high' | 'critical' }) {
  const shapes = {
    none: 'M6 2a4 4 0 1 0 .01 0Z',
    medium: 'M6 .5 11.5 6 6 11.5.5 6Z',
    high: 'M6 .8 11.8 11H.2Z',
    critical: 'M3.6.5h4.8L11.5 3.6v4.8L8.4 11.5H3.6L.5 8.4V3.6Z',
  };
  return <path className={`edge ${severity}`} d={shapes[severity]} transform="translate(9 8)" />;
}

function curve(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const start = { x: from.x + WIDTH, y: from.y + HEIGHT / 2 };
  const end = { x: to.x, y: to.y + HEIGHT / 2 };
  // A call back to the left goes around below.
  if (end.x <= start.x) {
    const low = Math.max(from.y, to.y) + HEIGHT + GAP_Y / 2;
    return `M${start.x} ${start.y}C${start.x + 40} ${low} ${end.x - 40} ${low} ${end.x} ${end.y}`;
  }
  const bend = Math.max(24, (end.x - start.x) / 2);
  return `M${start.x} ${start.y}C${start.x + bend} ${start.y} ${end.x - bend} ${end.y} ${end.x} ${end.y}`;
}
