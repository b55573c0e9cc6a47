import { KnownError } from '../lib/errors.ts';

/** image-spec image-index.md, "platform". */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

/** `os/arch[/variant]`, or one of both alone. Errors: invalid_parameter. */
export function parsePlatform(text: string, host: Platform): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new KnownError('invalid_parameter', `"${text.slice(0, 100)}" is an invalid platform specifier`);
  }
  const [first = '', second, variant] = parts;
  if (second === undefined)
    return KNOWN_OS.has(first)
      ? normalise({ os: first, architecture: host.architecture })
      : normalise({ os: host.os, architecture: first });
  return normalise(
    variant === undefined ? { os: first, architecture: second } : { os: first, architecture: second, variant },
  );
}

const KNOWN_OS = new Set(['linux', 'windows', 'darwin', 'freebsd', 'netbsd', 'openbsd', 'solaris', 'plan9', 'aix']);

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}

/** Other names of an architecture, and variants that go without saying. */
export function normalise(platform: Platform): Platform {
  const { os, architecture, variant } = platform;
  const [arch, implied] = ALIASES[architecture] ?? [architecture, undefined];
  const kept = variant ?? implied;
  const dropped = (arch === 'arm64' && (kept === 'v8' || kept === '8')) || (arch === 'amd64' && kept === 'v1');
  return {
    os: os || 'linux',
    architecture: arch,
    ...(kept && !dropped ? { variant: kept.replace(/^(?=\d)/, 'v') } : {}),
  };
}

const ALIASES: Readonly<Record<string, readonly [string, string?]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  i386: ['386'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

/**
 * How well something made for `candidate` runs where `wanted` is asked for: 0 is exact, higher is a lesser variant,
 * undefined does not run.
 */
export function platformRank(wanted: Platform, candidate: Platform): number | undefined {
  const [want, have] = [normalise(wanted), normalise(candidate)];
  if (want.os !== have.os) return undefined;
  if (want.architecture !== have.architecture) return undefined;
  if (want.variant === have.variant) return 0;
  const level = variantLevel(want) - variantLevel(have);
  return Number.isNaN(level) || level < 0 ? undefined : level;
}

function variantLevel({ architecture, variant }: Platform): number {
  const implied = architecture === 'arm' ? 'v7' : architecture === 'arm64' ? 'v8' : 'v1';
  return Number(/^v(\d+)/.exec(variant ?? implied)?.[1]);
}
