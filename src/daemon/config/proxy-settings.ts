import { invalid } from '../../lib/invalid.ts';
import { asText, type Settings } from './settings.ts';

/** Proxies for what the daemon itself fetches; what is not set stays as the daemon's environment says. */
export interface ProxySettings {
  readonly HTTP_PROXY?: string;
  readonly HTTPS_PROXY?: string;
  readonly NO_PROXY?: string;
}

const VARIABLES = { 'http-proxy': 'HTTP_PROXY', 'https-proxy': 'HTTPS_PROXY', 'no-proxy': 'NO_PROXY' } as const;

/** By the flags of these names, or by them as keys of `proxies` in the file. Errors: invalid_parameter. */
export function proxySettings(settings: Settings, file: Readonly<Record<string, string>>): ProxySettings {
  const unknown = Object.keys(file).find((key) => !Object.hasOwn(VARIABLES, key));
  if (unknown !== undefined) throw invalid(`proxies: unknown key ${unknown}`);
  return Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([name, variable]) => {
      const flag = settings.get(name);
      if (flag !== undefined && file[name])
        throw invalid(
          `the following directives are specified both as a flag and in the configuration file: ${name}: (from flag: ${shown(asText(flag))}, from file: ${shown(file[name])})`,
        );
      const value = typeof flag === 'string' ? flag : (file[name] ?? '');
      if (value !== '' && name !== 'no-proxy' && !URL.canParse(value))
        throw invalid(`invalid value for ${name}: ${JSON.stringify(shown(value))}: must be an address`);
      return value === '' ? [] : [[variable, value]];
    }),
  );
}

/** The environment's proxies as `docker info` tells them: without user and password. */
export function shownProxies(env: Readonly<Record<string, string | undefined>>): {
  readonly http: string;
  readonly https: string;
  readonly none: string;
} {
  const value = (name: string): string => env[name] ?? env[name.toLowerCase()] ?? '';
  return { http: shown(value('HTTP_PROXY')), https: shown(value('HTTPS_PROXY')), none: value('NO_PROXY') };
}

/** As Docker masks them. */
function shown(address: string): string {
  return address.replace(/\/\/[^/]*@/, '//xxxxx:xxxxx@');
}
