import type { BuildAsk } from '../../../api/build-session/messages.ts';
import { bad, oneOf, parseBool, parseFields, refuseOthers } from './fields.ts';

export type Attestations = Pick<BuildAsk, 'provenance' | 'sbom'>;

export interface AttestFlags {
  readonly attest: readonly string[];
  /** '' is not given. */
  readonly provenance: string;
  readonly sbom: string;
}

/** `--attest type=provenance|sbom,...` and its two short forms. Errors: invalid_parameter, not_implemented for fields that are not known. */
export function parseAttestations({ attest, provenance, sbom }: AttestFlags): Attestations {
  const all = [...attest, ...short('provenance', provenance), ...short('sbom', sbom)];
  const seen = new Set<string>();
  let found: Attestations = {};
  for (const text of all) {
    const fields = parseFields('attest', text);
    const type = oneOf('attest', 'type', fields.get('type') ?? '', ['provenance', 'sbom']);
    if (seen.has(type)) throw bad(`duplicate attestation field ${type}`);
    seen.add(type);
    if (!parseBool('attest', 'disabled', fields.get('disabled') ?? 'false'))
      found = { ...found, ...(type === 'sbom' ? toSbom(fields) : toProvenance(fields)) };
  }
  return found;
}

/** `true`, `false`, or more fields. */
function short(type: string, text: string): readonly string[] {
  if (text === '') return [];
  return text.includes('=') ? [`type=${type},${text}`] : [`type=${type},disabled=${!parseBool(type, 'value', text)}`];
}

function toSbom(fields: ReadonlyMap<string, string>): Attestations {
  refuseOthers('sbom', fields, ['type', 'disabled', 'generator']);
  return { sbom: { generator: fields.get('generator') ?? '' } };
}

/** Without a mode BuildKit takes `max` (solver/llbsolver/provenance.go). */
function toProvenance(fields: ReadonlyMap<string, string>): Attestations {
  refuseOthers('provenance', fields, ['type', 'disabled', 'mode', 'version', 'builder-id', 'reproducible']);
  return {
    provenance: {
      mode: oneOf('provenance', 'mode', fields.get('mode') ?? 'max', ['min', 'max']),
      version: oneOf('provenance', 'version', fields.get('version') ?? 'v1', ['v0.2', 'v1']),
      builderId: fields.get('builder-id') ?? '',
      reproducible: parseBool('provenance', 'reproducible', fields.get('reproducible') ?? 'false'),
    },
  };
}
