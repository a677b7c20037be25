/** What stands in place of a secret. */
const HIDDEN = '[set]';
const MOST_TEXT = 500;
const MOST_ITEMS = 20;
const MOST_DEPTH = 6;
const MOST_BYTES = 4096;

const secretName = /(password|passphrase|secret|token|credentials?|authorization|apikey|privatekey|cookie)$/i;
/** Our own secrets where they stand in a text: tokens, and what is as long and as random as a session or a link. */
const ownSecrets = /ausp_[A-Za-z0-9_-]{20,}|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g;
const inUrl = /\/\/[^/@\s]*@/g;

/** A detail as it is written: without secrets, bounded, as JSON. What is cut says so. */
export function auditDetail(detail: unknown): string {
  const text = JSON.stringify(clean(detail ?? {}, 0)) ?? '{}';
  if (Buffer.byteLength(text) <= MOST_BYTES) return text;
  return JSON.stringify({ cut: `${Buffer.byteLength(text)} bytes`, begin: text.slice(0, MOST_BYTES / 4) });
}

/** A text as it is written: without secrets, bounded, of characters that every database keeps as they are. */
export function auditText(text: string): string {
  const bounded = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
  return bounded
    .replace(ownSecrets, HIDDEN)
    .replace(inUrl, `//${HIDDEN}@`)
    .replaceAll('\u0000', '\ufffd')
    .toWellFormed();
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return auditText(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object') return undefined;
  if (depth >= MOST_DEPTH) return '…';
  if (Array.isArray(value)) {
    const items = value.slice(0, MOST_ITEMS).map((item) => clean(item, depth + 1));
    return value.length > MOST_ITEMS ? [...items, `… ${value.length - MOST_ITEMS} more`] : items;
  }
  const entries = Object.entries(value);
  const kept = entries
    .slice(0, MOST_ITEMS * 2)
    .map(([name, inner]) => [
      auditText(name),
      isSecret(name) && inner !== null && inner !== undefined && typeof inner !== 'boolean'
        ? HIDDEN
        : clean(inner, depth + 1),
    ]);
  return Object.fromEntries(kept);
}

function isSecret(name: string): boolean {
  return secretName.test(name.replaceAll(/[_-]/g, ''));
}
