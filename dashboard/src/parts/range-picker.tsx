import { useLocation } from 'wouter';
import { clock } from '../format.ts';
import { lasts, setLast, useRange, zoomBack } from '../range.ts';

/** How far back a place looks where the address does not say. */
const defaults: Readonly<Record<string, string>> = { anomalies: '24h', incidents: '7d' };

/** The one range of the page. */
export function RangePicker() {
  const [path] = useLocation();
  const range = useRange(defaults[path.split('/')[1] ?? ''] ?? '1h');
  // Places that say how things stand now have no range, and an incident has its own.
  if (/^\/(status|settings|models|forecasts|incidents\/)/.test(path)) return null;
  const now = Date.now();
  return (
    <div className="row ranges">
      {range.last === null && (
        <button
          type="button"
          className="button"
          onClick={zoomBack}
          title="Back to the range before (double click in a chart)"
        >
          {clock(range.fromMs, now)} – {clock(range.toMs, now)}
          <span aria-hidden="true">×</span>
          <span className="hidden-text">Back to the range before</span>
        </button>
      )}
      <div className="segments" role="group" aria-label="Time range">
        {lasts.map((last) => (
          <button
            key={last}
            type="button"
            aria-pressed={range.last === last}
            aria-label={`Last ${last}`}
            onClick={() => setLast(last)}
          >
            {last}
          </button>
        ))}
      </div>
    </div>
  );
}
