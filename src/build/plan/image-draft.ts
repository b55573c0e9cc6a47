import type { HistoryEntry, ImageDocument } from '../../oci/image-config.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Healthcheck } from '../instruction/instruction.ts';
import type { Pair } from '../parse/node.ts';

/** The `config` of an image document. Fields that the base has and a build never sets stay as they are. */
export interface ImageConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly ArgsEscaped?: boolean;
  readonly Healthcheck?: Healthcheck;
  readonly OnBuild?: readonly string[] | null;
  readonly Shell?: readonly string[];
}

/** An image while it is built: everything but layers and times. */
export interface ImageDraft {
  readonly platform: Platform;
  readonly author: string;
  readonly config: ImageConfig;
  /** The base's entries, then one for every instruction that writes one. */
  readonly history: readonly HistoryEntry[];
}

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const HISTORY_COMMENT = 'buildkit.dockerfile.v0';

/** `FROM scratch`. */
export function emptyImage(platform: Platform): ImageDraft {
  return { platform, author: '', config: { Env: [DEFAULT_PATH], WorkingDir: '/' }, history: [] };
}

/** An image whose first layer are the files of a named context. */
export function contextImage(platform: Platform, name: string): ImageDraft {
  const entry = { createdBy: `context ${name}`, comment: 'buildkit.exporter.image.v0', emptyLayer: false };
  return { ...emptyImage(platform), history: [entry] };
}

/** An image begun from another one; a PATH is always there. */
export function draftFrom(document: ImageDocument): ImageDraft {
  const { platform, author, history } = document;
  // parseImageDocument has checked the type of each of these fields
  const config = withoutNulls(document.config) as ImageConfig;
  return { platform, author, config: withPath(config), history };
}

/** Docker's older builders write `null` for maps and lists that are empty. */
function withoutNulls(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}

function withPath(config: ImageConfig): ImageConfig {
  const env = config.Env ?? [];
  return env.some((entry) => entry === 'PATH' || entry.startsWith('PATH='))
    ? config
    : { ...config, Env: [...env, DEFAULT_PATH] };
}

export function withConfig(draft: ImageDraft, change: Partial<ImageConfig>): ImageDraft {
  return { ...draft, config: { ...draft.config, ...change } };
}

export function withHistory(draft: ImageDraft, createdBy: string, layer: boolean): ImageDraft {
  const entry: HistoryEntry = { createdBy, comment: HISTORY_COMMENT, emptyLayer: !layer };
  return { ...draft, history: [...draft.history, entry] };
}

/** `env` with the pairs set: each replaced where it stands, else at the end. */
export function setEnv(env: readonly string[], pairs: readonly Pair[]): readonly string[] {
  const wanted = new Set(pairs.map(({ key }) => key));
  const places = new Map<string, number>();
  for (const [index, entry] of env.entries()) {
    const at = entry.indexOf('=');
    const name = at === -1 ? entry : entry.slice(0, at);
    if (wanted.has(name) && !places.has(name)) places.set(name, index);
  }
  const changed = [...env];
  for (const { key, value } of pairs) {
    const place = places.get(key) ?? changed.length;
    places.set(key, place);
    changed[place] = `${key}=${value}`;
  }
  return changed;
}
