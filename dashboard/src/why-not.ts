import { useApi } from './api.ts';

const scopes = ['ingest', 'read', 'operate', 'approve', 'admin'];
const roles = { operate: 'operator', admin: 'admin' } as const;

/** Why the one who looks at the page may not do what needs this; null where they may. */
export function useWhyNot(needed: keyof typeof roles = 'operate'): string | null {
  const session = useApi('session', {}, { staleTime: 5 * 60_000 }).data;
  if (session === undefined || scopes.indexOf(session.scope) >= scopes.indexOf(needed)) return null;
  return `This needs the role ${roles[needed]}; yours is ${session.role ?? session.scope}.`;
}
