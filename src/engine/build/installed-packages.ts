/** What package databases in an image say is installed. Pure. Texts come from strangers: what is malformed is left out. */

export interface InstalledPackage {
  readonly type: 'deb' | 'apk';
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly supplier: string;
  readonly license: string;
  readonly homepage: string;
  readonly description: string;
  /** Where this was read. */
  readonly source: string;
}

/** dpkg's `status` (deb822: paragraphs of `Field: value`, continued lines begin with a blank). Only what is installed. */
export function parseDpkgStatus(text: string, source: string): readonly InstalledPackage[] {
  return text.split(/\r?\n\s*\r?\n/).flatMap((paragraph): readonly InstalledPackage[] => {
    const fields = new Map<string, string>();
    for (const line of paragraph.split('\n')) {
      const match = /^([A-Za-z][\w-]*):[ \t]*(.*)$/.exec(line);
      if (match) fields.set((match[1] ?? '').toLowerCase(), (match[2] ?? '').trim());
    }
    const [name, version] = [fields.get('package'), fields.get('version')];
    // distroless images have paragraphs without a state
    const status = fields.get('status') ?? 'install ok installed';
    if (!name || !version || !status.endsWith(' installed')) return [];
    return [
      {
        type: 'deb',
        name,
        version,
        architecture: fields.get('architecture') ?? '',
        supplier: fields.get('maintainer') ?? '',
        license: '',
        homepage: fields.get('homepage') ?? '',
        description: fields.get('description') ?? '',
        source,
      },
    ];
  });
}

/** apk's `installed` (paragraphs of `X:value`). */
export function parseApkInstalled(text: string, source: string): readonly InstalledPackage[] {
  return text.split(/\n\n+/).flatMap((paragraph): readonly InstalledPackage[] => {
    const fields = new Map<string, string>();
    for (const line of paragraph.split('\n')) if (line[1] === ':') fields.set(line[0] ?? '', line.slice(2).trim());
    const [name, version] = [fields.get('P'), fields.get('V')];
    if (!name || !version) return [];
    return [
      {
        type: 'apk',
        name,
        version,
        architecture: fields.get('A') ?? '',
        supplier: fields.get('m') ?? '',
        license: fields.get('L') ?? '',
        homepage: fields.get('U') ?? '',
        description: fields.get('T') ?? '',
        source,
      },
    ];
  });
}

export interface Distribution {
  /** Such as `debian`; '' is unknown. */
  readonly id: string;
  readonly version: string;
  readonly prettyName: string;
}

/** os-release(5). */
export function parseOsRelease(text: string): Distribution {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(\S*))\s*$/.exec(line);
    if (match) fields.set(match[1] ?? '', match[2] ?? match[3] ?? match[4] ?? '');
  }
  return {
    id: fields.get('ID') ?? '',
    version: fields.get('VERSION_ID') ?? '',
    prettyName: fields.get('PRETTY_NAME') ?? '',
  };
}
