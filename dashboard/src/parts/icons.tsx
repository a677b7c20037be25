/* Line icons on a 16-pixel grid; drawn here so that the page needs no font and no sprite. */
const paths = {
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Zm3.3 7.8 3.2 3.2',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  close: 'm4 4 8 8m0-8-8 8',
  info: 'M8 7.2v4M8 4.8v.2M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8Z',
  warn: 'M8 6v3.4m0 2v.2M8 1.8 14.6 13.6H1.4Z',
  check: 'm3 8.5 3.2 3.2L13 5',
  back: 'M10 3 5 8l5 5',
  theme: 'M8 2a6 6 0 1 0 6 6 4.5 4.5 0 0 1-6-6Z',
  keys: 'M1.8 4h12.4v8.2H1.8ZM4.5 7h.1M7.2 7h.1M10 7h.1M5.5 9.7h5',
} as const;

export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <rect width="16" height="16" rx="4" fill="var(--accent)" />
      <path
        d="M2.5 10.5 6 5l3 4 1.6-2.2 2.9 3.7"
        fill="none"
        stroke="var(--accent-text)"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
