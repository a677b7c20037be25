import { clock, duration, fromNow, instantWithZone } from '../format.ts';

/** A local time; the hover has the whole instant with its zone. */
export function Time({
  at,
  seconds = false,
  relative = false,
}: {
  at: string | number | null;
  seconds?: boolean;
  relative?: boolean;
}) {
  if (at === null) return <span>–</span>;
  const ms = typeof at === 'number' ? at : Date.parse(at);
  return (
    <time dateTime={new Date(ms).toISOString()} title={instantWithZone(ms)}>
      {relative ? fromNow(ms, Date.now()) : clock(ms, Date.now(), seconds)}
    </time>
  );
}

/** From an onset to its end, or how long it lasts already. */
export function Lasting({ from, to }: { from: string; to: string | null }) {
  const start = Date.parse(from);
  const text = duration(Math.max(0, (to === null ? Date.now() : Date.parse(to)) - start));
  return <span title={instantWithZone(start)}>{to === null ? `for ${text}` : `lasted ${text}`}</span>;
}
