/** A sentence of the API; what stands in backticks is a command and looks like one. */
export function Prose({ text }: { text: string }) {
  // biome-ignore lint: the parts of one sentence never change places.
  return text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part));
}
