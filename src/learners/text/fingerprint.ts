import { MASK_VERSION, maskMessage } from './mask.ts';

/** What is known of an error beside its text. */
export interface ErrorShape {
  /** `TypeError`, `java.io.IOException`; empty for none. */
  readonly type: string;
  readonly message: string;
  /** The topmost frame of one's own code, without line numbers; empty for none. */
  readonly topFrame: string;
}

/**
 * What an error's fingerprint is taken of: the masking's version, type, masked message and top frame, one a line.
 * Line numbers and addresses in the frame are masked too, so that an edit elsewhere in a file makes no new error.
 */
export function fingerprintText(error: ErrorShape): string {
  return [`auspex-mask-${MASK_VERSION}`, error.type.trim(), maskMessage(error.message), maskFrame(error.topFrame)].join(
    '\n',
  );
}

/** The fingerprint by a hash that the caller gives (SHA-256 as hexadecimal text): the same for the same error on every worker, whatever came before. */
export function fingerprint(error: ErrorShape, sha256: (text: string) => string): string {
  return sha256(fingerprintText(error));
}

function maskFrame(frame: string): string {
  return frame
    .trim()
    .replace(/:\d+/g, '')
    .replace(/0x[0-9a-f]+/gi, '<id>')
    .replace(/\bline \d+/gi, 'line')
    .replace(/\s+/g, ' ');
}
