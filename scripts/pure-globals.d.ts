/* For tsconfig.pure.json alone: the one type of the platform that a port names. */
interface AbortSignal {
  readonly aborted: boolean;
}
