import { createHmac } from 'node:crypto';
import type { RecordStore } from '../model/index.ts';
import { equalSecrets, newSecret, type RandomBytes, SECRET_FORM } from './credentials.ts';

const KEY_ID = 'device-key';

export interface Devices {
  /** The cookie that says: from this browser the user has signed in. It opens nothing; it only is no stranger's. */
  mark(userId: string): Promise<string>;
  /** The browser's own number where the cookie is this user's, else null. */
  recognise(cookie: string | undefined, userId: string): Promise<string | null>;
}

export function createDevices(records: RecordStore, now: () => number, randomBytes: RandomBytes): Devices {
  let key: Promise<string> | null = null;
  const readKey = async (): Promise<string> => {
    await records.insertNew('settings', [{ id: KEY_ID, value: newSecret(randomBytes), at: now() }]);
    return String((await records.get('settings', KEY_ID))?.value);
  };
  const macOf = async (userId: string, number: string): Promise<string> => {
    key ??= readKey();
    // A store that failed once is asked again, not for ever remembered as failed.
    const secret = await key.catch((error: unknown) => {
      key = null;
      throw error;
    });
    return createHmac('sha256', secret).update(`auspex device 1\n${userId}\n${number}`).digest('base64url');
  };
  return {
    async mark(userId) {
      const number = newSecret(randomBytes);
      return `${number}.${await macOf(userId, number)}`;
    },
    async recognise(cookie, userId) {
      const [number = '', mac = ''] = (cookie ?? '').split('.', 2);
      if (!SECRET_FORM.test(number) || !SECRET_FORM.test(mac)) return null;
      return equalSecrets(mac, await macOf(userId, number)) ? number : null;
    },
  };
}
