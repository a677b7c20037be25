import { csvCell } from '../../../model/index.ts';

/**
 * One line of CSV after RFC 4180. A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers
 * stay as they are. Ends with CRLF.
 */
export function csvLine(fields: readonly unknown[]): string {
  return `${fields.map((value) => csvCell(isFormula(value) ? `'${value}` : value)).join(',')}\r\n`;
}

function isFormula(value: unknown): value is string {
  return typeof value === 'string' && /^[=+\-@\t\r]/.test(value);
}
