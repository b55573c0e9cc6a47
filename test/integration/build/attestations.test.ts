/** Provenance and SBOMs, as they lie beside images in an index. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AttestationRequest, ProvenanceRequest } from '../../../src/engine/build/request.ts';
import { startEngine, type TestBuild, type TestEngine } from './in-process.ts';

let box: TestEngine;

beforeAll(async () => {
  box = await startEngine('ska');
}, 120_000);
afterAll(async () => await box.stop(), 120_000);

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
  readonly annotations?: Record<string, string>;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

interface Statement {
  readonly _type: string;
  readonly predicateType: string;
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicate: Record<string, unknown>;
}

async function read<T>(digest: string): Promise<T> {
  return JSON.parse((await box.blob(digest)).toString()) as T;
}

/** The statements of the first attestation, and the index that it is in. */
async function attested({ result, error }: TestBuild) {
  expect(error).toBeUndefined();
  const { manifests } = await read<{ manifests: Descriptor[] }>(result?.imageId ?? '');
  const [image] = manifests;
  const attestation = manifests.find((one) => one.platform?.os === 'unknown');
  const manifest = await read<{ layers: Descriptor[]; config: Descriptor }>(attestation?.digest ?? '');
  const statements = await Promise.all(manifest.layers.map(async ({ digest }) => await read<Statement>(digest)));
  return { image, attestation, manifest, statements, manifests };
}

function provenance(more: Partial<ProvenanceRequest> = {}): AttestationRequest {
  return {
    provenance: { mode: 'min', version: 'v1', builderId: '', reproducible: false, ...more },
    sbom: undefined,
  };
}

const image = (name: string) => [{ kind: 'image', names: [name], push: false } as const];

describe('provenance', () => {
  const files = {
    Dockerfile:
      'FROM busybox AS b\nARG SECRET_VALUE\nRUN --mount=type=secret,id=key echo $SECRET_VALUE > /x\nFROM busybox\nCOPY --from=b /x /x\nCOPY a /a\n',
    a: 'A',
  };

  test('lies in the index as BuildKit lays it out, and speaks of the image by name and digest', async () => {
    const build = await box.build(files, { attestations: provenance(), outputs: image('attested:1') });
    const { image: first, attestation, manifest, statements } = await attested(build);
    expect(first?.platform).toEqual({ os: 'linux', architecture: 'amd64' });
    expect(attestation).toMatchObject({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': first?.digest,
      },
    });
    expect(manifest.layers).toMatchObject([
      {
        mediaType: 'application/vnd.in-toto+json',
        annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' },
      },
    ]);
    expect(statements[0]).toMatchObject({
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: 'https://slsa.dev/provenance/v1',
      subject: [
        {
          name: 'pkg:docker/attested@1?platform=linux%2Famd64',
          digest: { sha256: first?.digest.replace('sha256:', '') },
        },
      ],
    });
    // the image runs, and is listed as one
    const { Architecture } = await box.get<{ Architecture: string }>('/images/attested:1/json');
    expect(Architecture).toBe('amd64');
    expect(build.result?.metadata['containerimage.digest']).toBe(build.result?.imageId);
  }, 60_000);

  test('the short form keeps arguments to itself, the long one tells them, the steps and the Dockerfile', async () => {
    const more = { buildArgs: { SECRET_VALUE: 'told-nobody' }, labels: { l: '1' }, target: '' };
    const short = await attested(await box.build(files, { ...more, attestations: provenance() }));
    const long = await attested(await box.build(files, { ...more, attestations: provenance({ mode: 'max' }) }));
    expect(JSON.stringify(short.statements)).not.toContain('told-nobody');
    expect(short.statements[0]?.subject[0]?.name).toBe('_');
    expect(short.statements[0]?.predicate).toMatchObject({
      buildDefinition: {
        externalParameters: {
          configSource: { path: 'Dockerfile' },
          request: { frontend: 'dockerfile.v0', args: {}, locals: [{ name: 'context' }, { name: 'dockerfile' }] },
        },
        internalParameters: { builderPlatform: 'linux/amd64' },
        resolvedDependencies: [
          {
            uri: 'pkg:docker/busybox@latest?platform=linux%2Famd64',
            digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
          },
        ],
      },
      runDetails: {
        metadata: {
          buildkit_hermetic: false,
          buildkit_completeness: { request: false, resolvedDependencies: false },
          buildkit_reproducible: false,
        },
      },
    });
    const { predicate } = long.statements[0] ?? { predicate: {} };
    expect(predicate).toMatchObject({
      buildDefinition: {
        externalParameters: {
          request: {
            args: { 'build-arg:SECRET_VALUE': 'told-nobody', 'label:l': '1' },
            secrets: [{ id: 'key', optional: true }],
          },
        },
      },
    });
    const { llbDefinition } = (
      predicate as {
        buildDefinition: {
          internalParameters: {
            buildConfig: { llbDefinition: { id: string; inputs: string[]; op: { Op: object } }[] };
          };
        };
      }
    ).buildDefinition.internalParameters.buildConfig;
    expect(llbDefinition.map(({ id, inputs, op }) => [id, Object.keys(op.Op)[0], inputs])).toEqual([
      ['step0', 'source', []],
      ['step1', 'exec', ['step0:0']],
      ['step2', 'file', ['step0:0', 'step1:0']],
      ['step3', 'source', []],
      ['step4', 'file', ['step2:0', 'step3:0']],
    ]);
    const { source, layers } = (
      predicate as {
        runDetails: {
          metadata: {
            buildkit_metadata: { source: { infos: { data: string }[] }; layers: Record<string, Descriptor[][]> };
          };
        };
      }
    ).runDetails.metadata.buildkit_metadata;
    expect(Buffer.from(source.infos[0]?.data ?? '', 'base64').toString()).toBe(files.Dockerfile);
    const { layers: own } = await read<{ layers: Descriptor[] }>(long.image?.digest ?? '');
    expect(layers['step4:0']?.[0]?.map(({ digest }) => digest)).toEqual(own.map(({ digest }) => digest));
  }, 60_000);

  test('the older version has its own shape; the builder’s name and reproducibility are as asked', async () => {
    const asked = provenance({ version: 'v0.2', builderId: 'https://ci.invalid/1', reproducible: true });
    const { statements } = await attested(await box.build(files, { attestations: asked, id: 'b1' }));
    expect(statements[0]).toMatchObject({
      predicateType: 'https://slsa.dev/provenance/v0.2',
      predicate: {
        builder: { id: 'https://ci.invalid/1' },
        buildType: 'https://mobyproject.org/buildkit@v1',
        invocation: { configSource: { entryPoint: 'Dockerfile' }, environment: { platform: 'linux/amd64' } },
        metadata: {
          buildInvocationID: 'b1',
          reproducible: true,
          completeness: { parameters: false, environment: true, materials: false },
        },
      },
    });
  }, 60_000);

  test('each platform has its own, after all images', async () => {
    const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
    const build = await box.build(
      { Dockerfile: 'FROM scratch\nCOPY a /a\n', a: '' },
      { platforms, attestations: provenance() },
    );
    const { manifests } = await attested(build);
    expect(manifests.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64', 'unknown', 'unknown']);
    expect(manifests.slice(2).map(({ annotations }) => annotations?.['vnd.docker.reference.digest'])).toEqual(
      manifests.slice(0, 2).map(({ digest }) => digest),
    );
  });
});

describe('SBOM', () => {
  const sbom = (generator: string): AttestationRequest => ({ provenance: undefined, sbom: { generator } });
  const files = {
    Dockerfile: 'FROM busybox\nCOPY status /var/lib/dpkg/status\nCOPY os-release /etc/os-release\n',
    status:
      'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u4\n\nPackage: old\nStatus: deinstall ok config-files\nVersion: 1\n',
    'os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n',
  };

  test('the scanner that is built in lists what the package databases of the target say', async () => {
    const { statements } = await attested(await box.build(files, { attestations: sbom('') }));
    expect(statements).toHaveLength(1);
    expect(statements[0]).toMatchObject({ predicateType: 'https://spdx.dev/Document' });
    const { spdxVersion, packages } = (statements[0]?.predicate ?? {}) as {
      spdxVersion: string;
      packages: { name: string; versionInfo: string; externalRefs?: { referenceLocator: string }[] }[];
    };
    expect(spdxVersion).toBe('SPDX-2.3');
    expect(packages.map(({ name, versionInfo }) => [name, versionInfo])).toEqual([
      ['debian', '12'],
      ['libc6', '2.36-9+deb12u4'],
    ]);
    expect(packages[1]?.externalRefs?.[0]?.referenceLocator).toBe(
      'pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12',
    );
  }, 60_000);

  test('a link in the target leads nowhere outside of it', async () => {
    const dockerfile =
      'FROM busybox\nRUN mkdir -p /var/lib/dpkg && ln -s /etc/passwd /var/lib/dpkg/status && ln -sf /../../../../etc/os-release /etc/os-release\n';
    const { statements } = await attested(await box.build({ Dockerfile: dockerfile }, { attestations: sbom('') }));
    expect(statements[0]?.predicate['packages']).toEqual([]);
  }, 60_000);

  test('a generator’s image scans the target by BuildKit’s protocol; other statements than SPDX are refused', async () => {
    const script =
      '#!/bin/sh\nset -e\nfile="$BUILDKIT_SCAN_SOURCE/etc/os-release"\n! touch $BUILDKIT_SCAN_SOURCE/x 2>/dev/null\n. $file\nprintf \'{"_type":"x","predicateType":"%s","predicate":{"spdxVersion":"SPDX-2.3","name":"%s"}}\' "$KIND" "$ID" > $BUILDKIT_SCAN_DESTINATION/sbom.spdx.json\necho scanned\n';
    const scanner = (name: string, kind: string) =>
      box.build(
        { Dockerfile: `FROM busybox\nCOPY --chmod=755 s /s\nENV KIND=${kind}\nENTRYPOINT ["/s"]\n`, s: script },
        { outputs: image(name) },
      );
    await scanner('scanner:1', 'https://spdx.dev/Document');
    await scanner('scanner:2', 'https://other.invalid/');
    const build = await box.build(files, { attestations: sbom('scanner:1') });
    const { statements } = await attested(build);
    expect(statements[0]?.predicate).toEqual({ spdxVersion: 'SPDX-2.3', name: 'debian' });
    expect(build.events.some((event) => event.kind === 'log' && event.text.includes('scanned'))).toBe(true);
    const wrong = await box.build(files, { attestations: sbom('scanner:2') });
    expect(wrong.error).toContain('sbom.spdx.json of the SBOM generator is no SPDX document');
  }, 60_000);
});

describe('an SBOM of more than the target', () => {
  const status = (name: string): string =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n`;
  const files = {
    Dockerfile: `FROM busybox AS tools
COPY tools /var/lib/dpkg/status
FROM busybox AS other
COPY other /var/lib/dpkg/status
FROM tools AS unused
RUN false
FROM busybox
COPY --from=tools /bin/busybox /x
COPY --from=other /bin/busybox /y
COPY target /var/lib/dpkg/status
`,
    tools: status('tools'),
    other: status('other'),
    target: status('target'),
    'var/lib/dpkg/status': status('context'),
  };
  const sbom = (generator: string): AttestationRequest => ({ provenance: undefined, sbom: { generator } });
  const packagesOf = async (build: TestBuild): Promise<readonly string[]> =>
    (await attested(build)).statements.map(({ predicate }) =>
      (predicate['packages'] as { name: string }[]).map(({ name }) => name).join(),
    );

  test('stages and the context are as arguments say, also when the target was in the cache', async () => {
    await box.build(files);
    const scan = async (buildArgs: Record<string, string>, dockerfile = files.Dockerfile) =>
      await packagesOf(await box.build({ ...files, Dockerfile: dockerfile }, { attestations: sbom(''), buildArgs }));
    expect(await scan({})).toEqual(['target']);
    expect(await scan({ BUILDKIT_SBOM_SCAN_STAGE: 'other' })).toEqual(['target', 'other']);
    expect(await scan({ BUILDKIT_SBOM_SCAN_STAGE: 'true', BUILDKIT_SBOM_SCAN_CONTEXT: '1' })).toEqual([
      'target',
      'context',
      'tools',
      'other',
    ]);
    const own = files.Dockerfile.replace('AS tools\n', 'AS tools\nARG BUILDKIT_SBOM_SCAN_STAGE=true\n');
    expect(await scan({}, own)).toEqual(['target', 'tools']);
    const global = `ARG BUILDKIT_SBOM_SCAN_STAGE=true\n${files.Dockerfile.replace('AS other\n', 'AS other\nARG BUILDKIT_SBOM_SCAN_STAGE=false\n')}`;
    expect(await scan({}, global)).toEqual(['target', 'tools']);
  }, 60_000);

  test('a generator gets them in a folder of their own', async () => {
    const script =
      '#!/bin/sh\nset -e\ncd $BUILDKIT_SCAN_SOURCE_EXTRAS\nfor one in $BUILDKIT_SCAN_SOURCE *; do\nname=$(basename $one)\nread -r _ package < $one/var/lib/dpkg/status\nprintf \'{"spdxVersion":"SPDX-2.3","packages":[{"name":"%s"}]}\' "$name:$package" > $BUILDKIT_SCAN_DESTINATION/$name.spdx.json\ndone\n';
    const made = await box.build(
      { Dockerfile: 'FROM busybox\nCOPY --chmod=755 s /s\nENTRYPOINT ["/s"]\n', s: script },
      { outputs: image('scanner:extras') },
    );
    expect(made.error).toBeUndefined();
    const buildArgs = { BUILDKIT_SBOM_SCAN_STAGE: 'true', BUILDKIT_SBOM_SCAN_CONTEXT: 'true' };
    const build = await box.build(files, { attestations: sbom('scanner:extras'), buildArgs });
    expect(await packagesOf(build)).toEqual([
      'sbom-context:context',
      'sbom-other:other',
      'sbom-tools:tools',
      'sbom:target',
    ]);
  }, 60_000);
});

interface File {
  readonly text: string;
  readonly mode: string;
}

/** What is in a tar, by path. */
async function unpack(tar: Buffer | undefined): Promise<ReadonlyMap<string, File>> {
  const folder = mkdtempSync('/tmp/ska-out-');
  await Bun.write(join(folder, 'a.tar'), tar ?? '');
  mkdirSync(join(folder, 'x'));
  Bun.spawnSync(['tar', '-xpf', join(folder, 'a.tar'), '-C', join(folder, 'x')]);
  const found = new Map<string, File>();
  for (const name of new Bun.Glob('**').scanSync({ cwd: join(folder, 'x'), dot: true })) {
    const mode = (statSync(join(folder, 'x', name)).mode & 0o777).toString(8);
    found.set(name, { text: readFileSync(join(folder, 'x', name), 'utf8'), mode });
  }
  rmSync(folder, { recursive: true });
  return found;
}

describe('beside files', () => {
  const sha256 = (text: string): string => new Bun.CryptoHasher('sha256').update(text).digest('hex');
  const files = {
    Dockerfile: 'FROM scratch AS b\nCOPY a /d/a\nCOPY b /b\nFROM b\nARG TARGETARCH\nCOPY $TARGETARCH /d/$TARGETARCH\n',
    a: 'A',
    b: 'B',
    amd64: 'amd64',
    arm64: 'arm64',
  };
  const both = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
  const asked: AttestationRequest = { ...provenance(), sbom: { generator: '' } };

  test('statements lie at the root and speak of every file by path and content', async () => {
    const outputs = [
      { kind: 'local', platformSplit: undefined },
      { kind: 'image', names: ['both:1'], push: false },
    ] as const;
    const build = await box.build(files, { attestations: asked, outputs });
    expect(build.error).toBeUndefined();
    const found = await unpack(build.received.get(0));
    expect([...found.keys()].toSorted()).toEqual(['b', 'd/a', 'd/amd64', 'provenance.json', 'sbom.spdx.json']);
    const statement = JSON.parse(found.get('provenance.json')?.text ?? '') as Statement;
    expect([statement._type, statement.predicateType, found.get('provenance.json')?.mode]).toEqual([
      'https://in-toto.io/Statement/v0.1',
      'https://slsa.dev/provenance/v1',
      '600',
    ]);
    expect(statement.subject).toEqual([
      { name: 'b', digest: { sha256: sha256('B') } },
      { name: 'd/a', digest: { sha256: sha256('A') } },
      { name: 'd/amd64', digest: { sha256: sha256('amd64') } },
    ]);
    const sbom = JSON.parse(found.get('sbom.spdx.json')?.text ?? '') as Statement;
    expect([sbom.predicateType, sbom.predicate['spdxVersion']]).toEqual(['https://spdx.dev/Document', 'SPDX-2.3']);
    // the image has the very same
    const { statements } = await attested(build);
    expect(statements.map(({ predicate }) => predicate)).toEqual([sbom.predicate, statement.predicate]);
  }, 60_000);

  test('each platform has its own in its folder, or by name where platforms share the root', async () => {
    const more = { attestations: provenance(), platforms: both };
    const split = await box.build(files, { ...more, outputs: [{ kind: 'tar', platformSplit: undefined }] });
    const [apart, joined] = ['linux_amd64', 'linux_arm64'].map((name) => [
      `${name}/provenance.json`,
      `provenance.${name}.json`,
    ]);
    const names = [...(await unpack(split.received.get(0))).keys()];
    expect(names).toEqual(expect.arrayContaining([apart?.[0] ?? '', joined?.[0] ?? '', 'linux_arm64/d/arm64']));
    const onlyOwn = { ...files, Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /d/$TARGETARCH\n' };
    const flat = await box.build(onlyOwn, { ...more, outputs: [{ kind: 'tar', platformSplit: false }] });
    expect(flat.error).toBeUndefined();
    expect([...(await unpack(flat.received.get(0))).keys()].toSorted()).toEqual([
      'd/amd64',
      'd/arm64',
      apart?.[1] ?? '',
      joined?.[1] ?? '',
    ]);
    const clash = await box.build(files, { ...more, outputs: [{ kind: 'tar', platformSplit: false }] });
    expect(clash.error).toContain('cannot overwrite b from linux/amd64 with linux/arm64 when split option is disabled');
  }, 60_000);

  test('with SOURCE_DATE_EPOCH the archive is the same each time but for the times that provenance tells', async () => {
    const more = {
      buildArgs: { SOURCE_DATE_EPOCH: '1700000000' },
      outputs: [{ kind: 'tar', platformSplit: undefined } as const],
    };
    const one = await box.build(files, { ...more, attestations: { provenance: undefined, sbom: { generator: '' } } });
    const two = await box.build(files, {
      ...more,
      noCache: 'all',
      attestations: { provenance: undefined, sbom: { generator: '' } },
    });
    expect(one.received.get(0)?.length).toBeGreaterThan(1000);
    expect(two.received.get(0)).toEqual(one.received.get(0) as Buffer);
  }, 60_000);
});
