import type { Role, TokenScope } from '../model/index.ts';

/** What a route or a live topic asks for; the same words as in the contract's tables. */
export type RequiredAccess = 'public' | 'ingest' | 'read' | 'operate' | 'approve' | 'admin';

/**
 * Who may do what: the one table. A person's role gives a scope, a token has one; a scope opens what stands in its row.
 * `approve` says yes to what somebody else has asked for, so it comes with all that is needed to judge it.
 */
export const grants: Readonly<Record<TokenScope, readonly RequiredAccess[]>> = {
  ingest: ['public', 'ingest'],
  read: ['public', 'read'],
  operate: ['public', 'read', 'operate'],
  approve: ['public', 'read', 'operate', 'approve'],
  admin: ['public', 'ingest', 'read', 'operate', 'approve', 'admin'],
};

export const scopeOfRole: Readonly<Record<Role, TokenScope>> = {
  viewer: 'read',
  operator: 'operate',
  approver: 'approve',
  admin: 'admin',
};

export function allows(scope: TokenScope, required: RequiredAccess): boolean {
  return grants[scope].includes(required);
}
