import type { ErrorClass } from '../model/index.ts';

/** The more special ones first: an address in use is refused as a connection, too. */
const CLASSES: readonly (readonly [ErrorClass, RegExp])[] = [
  ['port_conflict', /\bEADDRINUSE\b|address (is )?already in use|port \d* ?(is )?(already )?(in use|allocated)/i],
  ['memory', /\bENOMEM\b|out ?of ?memory|heap (out|space|limit)|cannot allocate memory|\bOOM\b|MemoryError/i],
  [
    'dependency',
    /cannot find (module|package)|module ?not ?found|no module named|ImportError|(NoClassDefFound|ClassNotFound)|cannot open shared object|undefined symbol|unresolved (dependency|import)|ERESOLVE/i,
  ],
  [
    'syntax',
    /SyntaxError|syntax error|parse error|unexpected (token|end of|character|eof)|invalid (syntax|json|yaml|xml)|JSON ?(Decode|Parse)|malformed/i,
  ],
  ['timeout', /\bE?TIMEDOUT\b|time[sd]?[ -]?out|deadline ?exceeded|lock wait/i],
  [
    'permission',
    /\b(EACCES|EPERM)\b|permission ?denied|access ?(is )?denied|forbidden|unauthori[sz]ed|not (permitted|allowed|authori[sz]ed)|authentication (failed|required)|\b(401|403)\b/i,
  ],
  [
    'connection',
    /\b(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)\b|connection ?(was )?(refused|reset|closed|lost|aborted|error|failed|terminated)|connect(ion)?Exception|broken pipe|socket hang up|no route to host|unreachable|name resolution|could not connect/i,
  ],
  ['not_found', /\bENOENT\b|not ?found|no such (file|table|key|host|column|index)|does not exist|missing|\b404\b/i],
];
/** Of a message: what it is stands at its beginning. */
const LOOKED_AT = 2_000;

/** Which of the nine an error is, by its code where it tells, else by its words; `general` where none does. O(length), bounded. */
export function errorClassOf(type: string, message: string, code = ''): ErrorClass {
  const text = `${type} ${message}`.slice(0, LOOKED_AT);
  return classOfText(code) ?? classOfText(text) ?? 'general';
}

function classOfText(text: string): ErrorClass | undefined {
  return CLASSES.find(([, words]) => words.test(text))?.[0];
}
