import type { Link, Person } from '../../../access/access.ts';
import { AuspexError } from '../../../errors.ts';
import type { OperationOutput } from '../../contract/index.ts';
import type { Handlers, RequestContext } from '../handlers.ts';
import type { ServerParts } from '../ports.ts';
import { iso, isoOrNull } from '../wire.ts';
import { linkOf } from './session.ts';

export function userHandlers({
  access,
}: ServerParts): Pick<Handlers, 'users' | 'addUser' | 'changeUser' | 'resetUser'> {
  const { people } = access;
  return {
    users: async () => ({ items: (await people.list()).map(userToWire) }),
    addUser: async ({ body }, context) => {
      const { person, link } = await people.add(body.name, body.role);
      return { ...userToWire(person), link: linkToWire(context, link) };
    },
    changeUser: async ({ params, body }, { principal }) => {
      if (principal === null) throw new AuspexError('UNAUTHENTICATED', 'Nobody is signed in.');
      return userToWire(await people.change(principal, params.id, body));
    },
    resetUser: async ({ params }, context) => linkToWire(context, await people.reset(params.id)),
  };
}

function userToWire(user: Person): OperationOutput<'users'>['items'][number] {
  const { id, role, createdAt, lastSignInAt, sessions } = user;
  const state = user.disabledAt !== null ? 'disabled' : user.passwordHash === null ? 'invited' : 'active';
  return { id, role, state, createdAt: iso(createdAt), lastSignInAt: isoOrNull(lastSignInAt), sessions };
}

function linkToWire(context: RequestContext, { code, expiresAt }: Link): OperationOutput<'resetUser'> {
  return { url: linkOf(context, code), expiresAt: iso(expiresAt) };
}
