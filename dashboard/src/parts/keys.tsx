import { useEffect } from 'react';
import { Modal } from './sheet.tsx';

const keys = [
  ['Ctrl K or ⌘ K', 'Go to any page, host, metric or anomaly'],
  ['/', 'Search in the page'],
  ['j, k', 'Next, previous line of a list'],
  ['Enter', 'Open the line'],
  ['Esc', 'Close; in a chart: back to the range before'],
  ['←, →', 'In a chart: earlier, later'],
  ['+, −', 'In a chart: closer, wider'],
  ['Drag, double click', 'In a chart: zoom in, back'],
  ['?', 'These keys'],
] as const;

export function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Modal open onClose={onClose} title="Keys">
      <dl className="pairs form">
        {keys.map(([key, text]) => (
          <div key={key} className="key-pair">
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Moves the focus among the lines of the page. */
function step(by: 1 | -1): void {
  const scope = document.querySelector('[role="dialog"]') ?? document.querySelector('main');
  const rows = [...(scope?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

/** The keys that work everywhere. */
export function useGlobalKeys(actions: { readonly palette: () => void; readonly keys: () => void }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        actions.palette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      if (event.key === '?') actions.keys();
      else if (event.key === 'j') step(1);
      else if (event.key === 'k') step(-1);
      else if (event.key === '/') document.querySelector<HTMLElement>('main [type="search"]')?.focus();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [actions]);
}
