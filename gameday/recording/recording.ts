import { decodeRecording as decode, type Recorded } from '../../src/store/recording.ts';
import type { RunRecord } from '../contract.ts';

export { encodeRecording, type RecordedSeries } from '../../src/store/recording.ts';

export type Recording = Recorded<RunRecord>;

/** @throws AuspexError BAD_REQUEST for what is no recording, is damaged or of a newer version. */
export function decodeRecording(bytes: Uint8Array, name?: string): Recording {
  return decode<RunRecord>(bytes, name);
}
