/** A text of at most `limit` UTF-16 units, each character through `write` first; what is left out shows as `…`. O(length). */
export function shorten(text: string, limit: number, write: (character: string) => string = (same) => same): string {
  let result = '';
  /** The longest beginning that still has room for the mark. */
  let marked = '';
  for (const character of text) {
    const written = write(character);
    if (result.length + written.length > limit) return `${marked}…`;
    result += written;
    if (result.length < limit) marked = result;
  }
  return result;
}
