/** Code that is not one's own: runtimes and what was installed. */
const FOREIGN =
  /node_modules|node:|site-packages|dist-packages|\/lib\/python\d|^(java\.base\/|java|javax|jdk|sun|kotlin|scala|org\.(spring|apache|hibernate|junit))[a-z.]*\.|\/go\/(src|pkg)\/|\/usr\/local\/go\/|\/gems\/|<frozen|<anonymous>/;
const MOST_LINES = 200;

/**
 * The frame nearest to the failure that is one's own code, of a stack trace of JavaScript, Java, Python or Go; the
 * nearest of all where none is; '' where there is no frame. O(length), bounded.
 */
export function ownFrame(stack: string): string {
  const frames = framesOf(stack);
  return frames.find((frame) => !FOREIGN.test(frame)) ?? frames[0] ?? '';
}

/** Frames, the nearest to the failure first. */
function framesOf(stack: string): string[] {
  const lines = stack.split('\n', MOST_LINES).map((line) => line.slice(0, 500).trim());
  const python = lines.flatMap((line) => {
    const match = /^File "([^"]+)", line \d+(?:, in (.+))?$/.exec(line);
    return match === null ? [] : [`${match[1]}${match[2] === undefined ? '' : ` in ${match[2]}`}`];
  });
  // Python tells its last call last.
  if (python.length > 0) return python.reverse();
  const called = lines.flatMap((line) => /^at (.+)$/.exec(line)?.[1] ?? []);
  if (called.length > 0) return called;
  return lines.flatMap((line) => /^(\/\S+\.go):\d+/.exec(line)?.[1] ?? []);
}
