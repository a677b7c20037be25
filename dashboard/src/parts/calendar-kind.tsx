import { type Kind, kindWords } from '../calendar-words.ts';

/* Shape before colour: each kind has a mark of its own. */
const shapes: Readonly<Record<Kind, string>> = {
  maintenance: 'M2 2h8v8H2Z',
  holiday: 'M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z',
  freeze: 'M6 .8 11.2 6 6 11.2.8 6Z',
  silence: 'M1.5 4.8h9v2.4h-9Z',
  'quiet-hours': 'M6.5.8a5.2 5.2 0 1 0 4.7 7.4A5 5 0 0 1 6.5.8Z',
};

export function KindMark({ kind }: { kind: Kind }) {
  return (
    <svg className="kind-mark" data-kind={kind} viewBox="0 0 12 12" aria-hidden="true">
      <path d={shapes[kind]} />
    </svg>
  );
}

export function KindWord({ kind }: { kind: Kind }) {
  return (
    <span className="kind nowrap">
      <KindMark kind={kind} /> {kindWords[kind]}
    </span>
  );
}
