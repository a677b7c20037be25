import { readFileSync } from 'node:fs';
import type { Document, Node, Pair } from 'yaml';
import { AuspexError } from '../errors.ts';
import { yaml } from './yaml.ts';

/** A configuration file, with the place of everything in it. */
export interface ConfigFile {
  readonly path: string;
  readonly content: unknown;
  /** Where the value at a path stands, or the nearest thing above it that does. */
  locate(path: readonly PropertyKey[]): Place;
  /** Where a key stands in the table at a path. */
  locateKey(path: readonly PropertyKey[], key: string): Place;
}
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * Reads YAML. Null when the file is not there and need not be.
 * @throws AuspexError CONFIG_INVALID with line and column.
 */
export function readConfigFile(path: string, required: boolean): ConfigFile | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' && !required) return null;
    const reason = code === 'ENOENT' ? 'it is not there' : code === 'EACCES' ? 'it may not be read' : String(error);
    throw new AuspexError('CONFIG_INVALID', `The configuration file ${path} cannot be read: ${reason}.`, {
      cause: error,
      data: { file: path },
    });
  }
  return parseConfigText(text, path);
}

export function parseConfigText(text: string, path: string): ConfigFile {
  const lines = new (yaml().LineCounter)();
  const document = yaml().parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const place = lines.linePos(fault.pos[0]);
    const words = fault.code === 'DUPLICATE_KEY' ? 'the key stands there twice' : lowerFirst(fault.message);
    throw configError(path, { line: place.line, column: place.col }, `${words}.`);
  }
  const content = contentOf(document, path);
  const placeOf = (offset: number): Place => {
    const place = lines.linePos(offset);
    return { line: place.line, column: place.col };
  };
  return {
    path,
    content,
    locate(where) {
      for (let depth = where.length; depth > 0; depth--) {
        const node = nodeAt(document, where.slice(0, depth));
        if (node?.range) return placeOf(node.range[0]);
      }
      return { line: 1, column: 1 };
    },
    locateKey(where, key) {
      const table = where.length === 0 ? document.contents : nodeAt(document, where);
      const pair = yaml().isMap(table) ? (table.items as Pair[]).find((item) => keyText(item.key) === key) : undefined;
      return yaml().isNode(pair?.key) && pair.key.range ? placeOf(pair.key.range[0]) : this.locate(where);
    },
  };
}

/** Aliases are resolved only here: one without its anchor, or so many that the file would unfold without end, is a fault too. */
function contentOf(document: Document, path: string): object {
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch {
    // The library's words hold the alias, which may be a password that someone left without quotes.
    throw configError(
      path,
      { line: 1, column: 1 },
      'an alias (*name) has no anchor (&name) before it, or is used too often. Put a value that begins with * in quotes.',
    );
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
  throw configError(path, { line: 1, column: 1 }, 'the file holds no table of keys. Expected lines like `workers: 1`.');
}

/** A fault in a file, named so that an editor can jump to it. */
export function configError(path: string, place: Place, words: string): AuspexError {
  return new AuspexError('CONFIG_INVALID', `${path}:${place.line}:${place.column}: ${words}`, {
    data: { file: path, line: place.line, column: place.column },
  });
}

function nodeAt(document: Document, path: readonly PropertyKey[]): Node | undefined {
  const found = document.getIn(path, true);
  return yaml().isNode(found) ? found : undefined;
}

function keyText(key: unknown): string {
  return yaml().isScalar(key) ? String(key.value) : String(key);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
