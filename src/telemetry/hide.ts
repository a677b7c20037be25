/** What stands in place of a secret in a text. */
const REMOVED = '[removed]';
/** Shorter ones would be found in half of all texts. They are hidden by their names alone. */
const SHORTEST = 6;

/** What gives itself away in any text. Each is bounded, so that no text makes it slow. */
const telling: readonly (readonly [RegExp, string])[] = [
  // Credentials in an address: //user:password@host, also without a scheme.
  [/(\/\/)[^/@\s"']{1,500}@/g, `$1${REMOVED}@`],
  [/(^|["'\s(=])[^\s"'/@:(=]{1,200}:[^\s"'/@]{1,300}@(?=[\w[])/g, `$1${REMOVED}@`],
  [/\b(Bearer|Basic|Digest|Token)(\s+|%20)[\w.~+/=%-]{6,4000}/gi, `$1 ${REMOVED}`],
  // Our own: tokens, keys, and what is as long and as random as a session or a link.
  [/\baus[pk]1?_[\w-]{20,}/g, REMOVED],
  [/(?<![\w-])[\w-]{43}(?![\w-])/g, REMOVED],
  // By the name before it: in an address's query, in a sentence.
  [
    /((?:token|secret|password|passwd|passphrase|pwd|api[_-]?key|access[_-]?key|private[_-]?key|signature|sig|auth|authorization|credentials?|cookie|code)=)[^&\s"'\\]{1,2000}/gi,
    `$1${REMOVED}`,
  ],
  // In JSON, and in JSON that is a text within JSON.
  [
    /((?<!\\)"[\w.$-]{0,60}(?:token|secret|password|passwd|passphrase|authorization|cookie|api_?key|private_?key|credentials?)":\s?")(?:[^"\\]|\\.){1,4000}/gi,
    `$1${REMOVED}`,
  ],
  [
    /(\\"[\w.$-]{0,60}(?:token|secret|password|passwd|passphrase|authorization|cookie|api_?key|private_?key|credentials?)\\":\s?\\")[^"\\]{1,4000}/gi,
    `$1${REMOVED}`,
  ],
];

const known = new Set<string>();
let pattern: RegExp | null = null;

/**
 * Makes values known that must not stand in any log line, error or answer: as they are, as they are written in an
 * address, in JSON, in base64. Known for good: what was a secret once stays one.
 */
export function knowSecrets(values: Iterable<string>): void {
  const before = known.size;
  for (const value of values) {
    if (value.length < SHORTEST || known.has(value)) continue;
    const bytes = Buffer.from(value);
    const forms = [
      value,
      encodeURIComponent(value.toWellFormed()),
      JSON.stringify(value).slice(1, -1),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
    ];
    for (const form of forms) if (form.length >= SHORTEST) known.add(form);
  }
  if (known.size === before) return;
  // The longest first: one may be the beginning of another.
  const words = [...known]
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  pattern = new RegExp(words.join('|'), 'g');
}

/** A text without secrets: those that are known, and those that show by their form or by the name before them. O(length). */
export function hideSecrets(text: string): string {
  let hidden = pattern === null ? text : text.replace(pattern, REMOVED);
  for (const [form, instead] of telling) hidden = hidden.replace(form, instead);
  return hidden;
}
