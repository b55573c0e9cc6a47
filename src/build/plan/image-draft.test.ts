import { expect, test } from 'bun:test';
import type { Digest } from '../../oci/digest.ts';
import { parseImageDocument } from '../../oci/image-config.ts';
import { makePlan } from './make-plan.ts';

test('a base whose config has null for what is empty, as Docker’s older builders write it', async () => {
  const config = {
    Cmd: ['sh'],
    Env: null,
    Labels: null,
    ExposedPorts: null,
    Volumes: null,
    OnBuild: null,
    Entrypoint: null,
  };
  const document = parseImageDocument(Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', config })));
  const platform = { os: 'linux', architecture: 'amd64' };
  const plan = await makePlan(
    'FROM old\nRUN true\nLABEL a=b\nVOLUME /v\nEXPOSE 80\nENV c=d\n',
    { target: '', buildArgs: {}, labels: {}, platforms: { build: platform, target: platform }, named: () => undefined },
    async () => ({ digest: `sha256:${'0'.repeat(64)}` as Digest, document }),
    { signal: new AbortController().signal },
  );
  const { config: made } = plan.stages[0]?.image ?? {};
  expect(made).toMatchObject({
    Cmd: ['sh'],
    Labels: { a: 'b' },
    Volumes: { '/v': {} },
    ExposedPorts: { '80/tcp': {} },
    Env: [expect.stringMatching(/^PATH=/), 'c=d'],
  });
  expect(Object.values(made ?? {})).not.toContain(null);
});
