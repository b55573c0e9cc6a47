import type { Access } from '../call.ts';

/** Who may do what. */
export interface Authenticator {
  /**
   * Returns the user's name, undefined for nobody in particular. `authorization` is the header as it came, `origin` the
   * URL before the path by which the client reaches the registry.
   * Errors: UNAUTHORIZED with WWW-Authenticate; DENIED.
   */
  authorize(authorization: string | null, access: Access, origin: string): Promise<string | undefined>;
}

/** Everybody may do everything. */
export function allowAll(): Authenticator {
  return { authorize: async () => undefined };
}

/** Whether nobody in particular may do it where anonymous reading is allowed: pull, and the list of repositories. */
export function isRead(access: Access): boolean {
  if (access.kind === 'repository') return access.actions.every((action) => action === 'pull');
  return access.kind === 'catalog';
}
