import { parseFilters } from '../../api/filters.ts';
import type { RegistryService } from '../../engine/registry/service.ts';
import { KnownError } from '../../lib/errors.ts';
import { parseRegistryAuth } from '../registry-auth.ts';
import { asksRegistry } from '../registry-failure.ts';
import type { Route } from '../route.ts';

export function registryRoutes(registries: RegistryService): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/auth',
      handle: async (call) => {
        const body = await call.json();
        const text = (name: string): string => (typeof body[name] === 'string' ? body[name] : '');
        const auth = {
          username: text('username'),
          password: text('password'),
          identitytoken: text('identitytoken'),
          registrytoken: text('registrytoken'),
          serveraddress: text('serveraddress'),
        };
        const token = await asksRegistry(registries.login(auth, call.signal));
        call.answerJson(200, { Status: 'Login Succeeded', IdentityToken: token });
      },
    },
    {
      method: 'GET',
      path: '/images/search',
      handle: async (call) => {
        const asked = {
          term: call.query.get('term') ?? '',
          limit: parseLimit(call.query.get('limit')),
          filters: parseFilters(call.query.get('filters'), ['is-official', 'is-automated', 'stars']),
          auth: parseRegistryAuth(call.headers['x-registry-auth']),
        };
        call.answerJson(200, await asksRegistry(registries.search(asked, call.signal)));
      },
    },
  ];
}

/** 0 and nothing: the default. */
function parseLimit(text: string | null): number | undefined {
  if (text === null || text === '' || text === '0') return undefined;
  if (!/^-?\d{1,9}$/.test(text)) throw new KnownError('invalid_parameter', `invalid limit: ${text.slice(0, 20)}`);
  return Number(text);
}
