/** One run of a job or command. */
export interface Execution {
  readonly id: string;
  readonly job: string;
  readonly command: string;
  readonly userId: string;
  readonly host: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly exitCode: number;
  readonly success: boolean;
  readonly errorMessage: string | null;
  readonly context: Readonly<Record<string, string | number | boolean>>;
}
