import { z } from 'zod';
import { instant } from './basics.ts';
import { id, list, type Route } from './route.ts';

/* Who may do what: tokens, people, sessions. */

export const scope = z.enum(['ingest', 'read', 'operate', 'approve', 'admin']);

export const token = z.object({
  id: z.string(),
  name: z.string(),
  scope,
  createdAt: instant,
  expiresAt: instant.nullable(),
  lastUsedAt: instant.nullable(),
});

export const newToken = z.strictObject({
  name: z.string().min(1).max(100),
  scope,
  expiresAt: instant.nullable().default(null),
});

export const role = z.enum(['viewer', 'operator', 'approver', 'admin']);

export const userName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, 'Letters, digits and . _ @ - only, at most 64')
  .refine(
    (name) => name !== 'owner',
    'This name stands for who comes by the link of the machine itself; choose another',
  );

export const newPassword = z
  .string()
  .min(12, 'At least 12 characters; a few words will do')
  .max(200)
  .meta({ description: 'At least 12 characters' });

export const user = z.object({
  id: z.string().meta({ description: 'The name to sign in with' }),
  role,
  state: z.enum(['active', 'invited', 'disabled']).meta({ description: 'invited: has set no password yet' }),
  createdAt: instant,
  lastSignInAt: instant.nullable(),
  sessions: z.int().meta({ description: 'Browsers that are signed in' }),
});

export const userLink = z.object({
  url: z.string().meta({ description: 'To be opened once; lets the user set a password' }),
  expiresAt: instant,
});

export const session = z.object({
  userId: z.string(),
  scope,
  role: role.nullable().meta({ description: 'null for tokens' }),
  expiresAt: instant.nullable(),
  csrf: z.string().nullable().meta({ description: 'Send as X-CSRF-Token with every change' }),
  needs: z
    .enum(['account', 'password'])
    .nullable()
    .meta({ description: 'account: nobody has one yet; password: the user has to set one' }),
  demonstration: z.boolean().meta({ description: 'What is shown was recorded: see auspex demo' }),
});

export const accessRoutes = {
  tokens: {
    method: 'GET',
    path: '/api/tokens',
    access: 'admin',
    tag: 'Who',
    summary: 'Tokens, without their secrets',
    response: list(token),
  },
  addToken: {
    method: 'POST',
    path: '/api/tokens',
    access: 'admin',
    audit: 'token.add',
    tag: 'Who',
    summary: 'Make a token; the secret is shown once',
    body: newToken,
    response: token.extend({ secret: z.string() }),
    status: 201,
  },
  removeToken: {
    method: 'DELETE',
    path: '/api/tokens/{id}',
    access: 'admin',
    audit: 'token.revoke',
    tag: 'Who',
    summary: 'Revoke a token',
    params: id,
    status: 204,
  },
  session: {
    method: 'GET',
    path: '/api/session',
    access: 'read',
    tag: 'Who',
    summary: 'Who is signed in',
    response: session,
  },
  signIn: {
    method: 'POST',
    path: '/api/session',
    access: 'public',
    audit: 'session.sign-in',
    tag: 'Who',
    summary: 'Sign in with name and password; sets the session cookie',
    body: z.strictObject({ name: z.string().min(1).max(200), password: z.string().min(1).max(1000) }),
    response: session,
  },
  signInWays: {
    method: 'GET',
    path: '/api/session/ways',
    access: 'public',
    tag: 'Who',
    summary: 'How one may sign in here',
    response: z.object({
      provider: z
        .string()
        .nullable()
        .meta({ description: 'The name of the sign-in provider; begin at /sign-in/provider' }),
    }),
  },
  claimAccount: {
    method: 'POST',
    path: '/api/session/account',
    access: 'admin',
    audit: 'user.claim',
    tag: 'Who',
    summary: 'The first account, for who came by the one-time link; only while there is none',
    body: z.strictObject({ name: userName, password: newPassword }),
    response: session,
  },
  changePassword: {
    method: 'POST',
    path: '/api/session/password',
    access: 'read',
    audit: 'user.password',
    tag: 'Who',
    summary: 'Set one’s own password; ends one’s other sessions',
    body: z.strictObject({
      currentPassword: z
        .string()
        .max(1000)
        .nullable()
        .default(null)
        .meta({ description: 'Left out where none is set yet' }),
      password: newPassword,
    }),
    status: 204,
  },
  signOutEverywhere: {
    method: 'DELETE',
    path: '/api/sessions',
    access: 'read',
    audit: 'session.sign-out-everywhere',
    tag: 'Who',
    summary: 'End all of one’s sessions, this one too',
    status: 204,
  },
  users: {
    method: 'GET',
    path: '/api/users',
    access: 'admin',
    tag: 'Who',
    summary: 'Who may sign in',
    response: list(user),
  },
  addUser: {
    method: 'POST',
    path: '/api/users',
    access: 'admin',
    audit: 'user.add',
    tag: 'Who',
    summary: 'Add a user; the answer has a one-time link with which they set a password',
    body: z.strictObject({ name: userName, role: role }),
    response: user.extend({ link: userLink }),
    status: 201,
  },
  changeUser: {
    method: 'PUT',
    path: '/api/users/{id}',
    access: 'admin',
    audit: 'user.change',
    tag: 'Who',
    summary: 'Give another role, disable or enable; in force at once',
    params: id,
    body: z.strictObject({ role: role.optional(), disabled: z.boolean().optional() }),
    response: user,
  },
  resetUser: {
    method: 'POST',
    path: '/api/users/{id}/reset',
    access: 'admin',
    audit: 'user.reset',
    tag: 'Who',
    summary: 'Take password and sessions away and give a one-time link to set a new password',
    params: id,
    response: userLink,
  },
  signOut: {
    method: 'DELETE',
    path: '/api/session',
    access: 'read',
    audit: 'session.sign-out',
    tag: 'Who',
    summary: 'Sign out',
    status: 204,
  },
  signInLink: {
    method: 'POST',
    path: '/api/session/link',
    access: 'admin',
    audit: 'session.link',
    tag: 'Who',
    summary: 'A one-time sign-in link',
    response: z.object({ url: z.string(), expiresAt: instant }),
  },
} as const satisfies Record<string, Route>;
