const waiting: (() => void)[] = [];

/**
 * Resolves in a later turn of the event loop, which is given to one caller only: of several long works in pieces, each turn does
 * one piece, so that together they hold the loop no longer than the longest piece. First come, first served; O(1).
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(serve);
  });
}

function serve(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(serve);
}
