/**
 * Every error that a user can meet: its code, the HTTP status it answers with, and what to do about it. The one table
 * behind problem+json, the CLI's messages and docs/reference/errors.md (a test holds them equal).
 */
export const errorTable = {
  BAD_REQUEST: { status: 400, title: 'The request is not valid', remedy: 'Correct the fields named in the detail.' },
  BAD_CURSOR: { status: 400, title: 'The paging cursor is not valid', remedy: 'Start again from the first page.' },
  BAD_SAMPLES: {
    status: 400,
    title: 'Some samples were refused',
    remedy: 'Correct the samples named in the detail; the others were stored.',
  },
  BAD_ENCODING: {
    status: 400,
    title: 'The body could not be decoded',
    remedy: 'Check the sender’s Content-Encoding and format.',
  },
  UNAUTHENTICATED: {
    status: 401,
    title: 'Sign-in needed',
    remedy:
      'Sign in with name and password, open the link of `auspex dashboard --link`, or send a token as `Authorization: Bearer …`.',
  },
  FORBIDDEN: {
    status: 403,
    title: 'Not allowed',
    remedy: 'Use a token or session with the scope named in the detail.',
  },
  FOREIGN_ORIGIN: {
    status: 403,
    title: 'Request from a foreign page or host name',
    remedy: 'Open Auspex by the address it printed, or add the name to `server.hosts`.',
  },
  NOT_FOUND: { status: 404, title: 'Not found', remedy: 'Check the id; it may have passed its retention.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'The method is not allowed here',
    remedy: 'Use a method named in the Allow header; `/openapi.json` lists all routes.',
  },
  CONFLICT: { status: 409, title: 'Conflicts with what is there', remedy: 'Read the current state and try again.' },
  TOO_LARGE: {
    status: 413,
    title: 'The body is too large',
    remedy: 'Send smaller requests, or raise `limits.bodyBytes`.',
  },
  UNSUPPORTED_TYPE: {
    status: 415,
    title: 'The content type is not supported',
    remedy: 'Send one of the types named in the detail.',
  },
  NOT_READY: {
    status: 409,
    title: 'Not learnt yet',
    remedy: 'Wait until the time named in the detail, or train with `auspex train --force`.',
  },
  SERIES_LIMIT: {
    status: 429,
    title: 'The limit on series is reached',
    remedy:
      'Find what makes so many on the cardinality page and drop it, or raise `limits.series`. Series that exist go on.',
  },
  TOO_MANY_TRIES: {
    status: 429,
    title: 'Too many tries to sign in',
    remedy:
      'Wait for the time in Retry-After, use a browser that has signed in before, or a one-time link of `auspex dashboard --link`.',
  },
  TOO_BUSY: { status: 503, title: 'Too much is waiting', remedy: 'Send again after the time in Retry-After.' },
  STORE_FULL: {
    status: 503,
    title: 'The disk is nearly full',
    remedy:
      'Free space on the disk that holds Auspex’s home folder. Reading and alerting go on; taking in resumes by itself.',
  },
  STORE_FAILED: {
    status: 503,
    title: 'The store cannot be written',
    remedy: 'See the log for the cause; check the disk and the rights on the home folder.',
  },
  AUDIT_FAILED: {
    status: 503,
    title: 'Not done, since it could not be written to the audit log',
    remedy: 'Nothing was changed. Remove the cause named in the detail (a full disk, most often) and try again.',
  },
  BACKUP_DAMAGED: {
    status: 400,
    title: 'The backup is damaged or incomplete',
    remedy: 'Take another backup file; nothing was changed.',
  },
  STORE_DAMAGED: {
    status: 500,
    title: 'A stored file is damaged',
    remedy: 'The file was set aside under the name in the detail; restore it from a backup if you have one.',
  },
  STORE_NEWER: {
    status: 500,
    title: 'The home folder was written by a newer Auspex',
    remedy: 'Start the newer version again, or use another home folder.',
  },
  STORE_LOCKED: {
    status: 500,
    title: 'Another Auspex uses this home folder',
    remedy: 'Stop it with `auspex stop`, or set AUSPEX_HOME to another folder.',
  },
  SECRET_KEY_MISSING: {
    status: 500,
    title: 'The key to what is stored is missing',
    remedy:
      'Put the key named in the detail back where it was (secret.key, AUSPEX_SECRET_KEY or the systemd credential), after the one that is there. If it is lost for good, move models, state and keys-in-use out of the home folder: what was learnt is learnt again.',
  },
  MODEL_DAMAGED: {
    status: 500,
    title: 'A model file is damaged',
    remedy: 'It was set aside and is trained anew; until then the version before it answers.',
  },
  CONFIG_INVALID: {
    status: 500,
    title: 'The configuration is not valid',
    remedy: 'Correct the line named in the detail.',
  },
  FILE_INVALID: {
    status: 400,
    title: 'The file does not hold what is needed',
    remedy: 'Correct the line or column named in the detail.',
  },
  FILE_FAILED: {
    status: 500,
    title: 'The file cannot be read or written',
    remedy: 'Check its path, the rights on it, and that the disk has space.',
  },
  OUTBOUND_REFUSED: {
    status: 400,
    title: 'The address may not be called',
    remedy: 'Use a public address, or list the private range in `outbound.allow`.',
  },
  UNREACHABLE: {
    status: 502,
    title: 'The other side cannot be reached',
    remedy: 'Check the address and that it is running.',
  },
  EXTERNAL_MODEL_FAILED: {
    status: 502,
    title: 'The model elsewhere gave no usable answer',
    remedy: 'See its log. It has to answer `{"predictions": [number, …]}`, one for each row.',
  },
  TIMEOUT: { status: 504, title: 'It took too long', remedy: 'Try again; if it stays, see the slow-operation log.' },
  ADDRESS_IN_USE: {
    status: 500,
    title: 'The address is in use',
    remedy: 'Stop what listens there, or set another with --listen or AUSPEX_LISTEN.',
  },
  INTERNAL: {
    status: 500,
    title: 'Something failed inside Auspex',
    remedy: 'Please report it with the output of `auspex doctor --bundle`.',
  },
} as const;

export type ErrorCode = keyof typeof errorTable;

/** An error that a person can act on. `detail` says what happened with the value and the limit. */
export class AuspexError extends Error {
  readonly code: ErrorCode;
  /** More for programs: the line, the limit, the seconds to wait. */
  readonly data: Readonly<Record<string, string | number | boolean>>;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { cause?: unknown; data?: Record<string, string | number | boolean> } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AuspexError';
    this.code = code;
    this.data = options.data ?? {};
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  /** For threads: errors do not cross a message port with their class. */
  toPlain(): { code: ErrorCode; detail: string; data: Record<string, string | number | boolean> } {
    return { code: this.code, detail: this.message, data: { ...this.data } };
  }

  static fromPlain(plain: {
    code: ErrorCode;
    detail: string;
    data?: Record<string, string | number | boolean>;
  }): AuspexError {
    return new AuspexError(plain.code, plain.detail, plain.data === undefined ? {} : { data: plain.data });
  }

  /** Any thrown value as an AuspexError; what is not one becomes INTERNAL with the original as its cause. */
  static from(thrown: unknown): AuspexError {
    if (thrown instanceof AuspexError) return thrown;
    return new AuspexError('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}
