import type { ReactNode } from 'react';

export interface Column<T> {
  readonly title: string;
  /** Figures stand to the right. */
  readonly figures?: boolean;
  readonly look?: 'strong' | 'muted';
  readonly cell: (row: T) => ReactNode;
}

/** Rows of one kind; on a phone each becomes a card, whose first cell is its heading and whose others say what they are. */
export function Table<T>({
  name,
  columns,
  rows,
  keyOf,
  goes = false,
}: {
  name: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  /** Whether a row opens something. */
  goes?: boolean;
}) {
  return (
    <div className="card flush table-wrap" tabIndex={0} role="region" aria-label={`${name}, table`}>
      <table className="cards">
        <thead>
          <tr>
            {columns.map(({ title, figures }) => (
              <th key={title} className={figures ? 'n' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} className={goes ? 'goes' : undefined}>
              {columns.map(({ title, figures, look, cell }, i) => (
                <td
                  key={title}
                  className={[figures ? 'n' : '', look ?? ''].join(' ').trim() || undefined}
                  data-name={i === 0 ? undefined : title}
                >
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
