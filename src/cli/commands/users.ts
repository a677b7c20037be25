import type { Client } from '../../api/client.ts';
import type { Role } from '../../model/index.ts';
import { exitCodes, formatTime, type Output, table } from '../output.ts';

/** `auspex users`: who may sign in. */
export async function listUsers(client: Client, output: Output): Promise<number> {
  const { items } = await client.call('users');
  output.data(items, () => {
    if (items.length === 0)
      output.print('Nobody has an account. `auspex dashboard --link` prints a link; who opens it can make one.');
    else
      output.print(
        table(
          ['NAME', 'ROLE', 'STATE', 'BROWSERS', 'LAST SIGN-IN'],
          items.map((user) => [user.id, user.role, user.state, String(user.sessions), formatTime(user.lastSignInAt)]),
        ),
      );
  });
  return exitCodes.fine;
}

/** `auspex users add`: prints the link with which the user sets a password. */
export async function addUser(client: Client, output: Output, name: string, role: Role): Promise<number> {
  const made = await client.call('addUser', { body: { name, role } });
  output.data(made, () => output.print(made.link.url));
  output.say(`Give this link to ${made.id} by a way that nobody else reads; it opens once, within a day.`);
  return exitCodes.fine;
}

/** `auspex users role|disable|enable`: in force at once. */
export async function changeUser(
  client: Client,
  output: Output,
  id: string,
  change: { role: Role } | { disabled: boolean },
): Promise<number> {
  const user = await client.call('changeUser', { params: { id }, body: change });
  output.data(user, () => output.print(`${user.id}: ${user.role}, ${user.state}`));
  return exitCodes.fine;
}

/** `auspex users reset`: the password and all sessions end; prints the link for a new one. */
export async function resetUser(client: Client, output: Output, id: string): Promise<number> {
  const link = await client.call('resetUser', { params: { id } });
  output.data(link, () => output.print(link.url));
  output.say(`The password and sessions of ${id} have ended. The link opens once, within a day.`);
  return exitCodes.fine;
}
