import { expect, test } from 'bun:test';
import { OCI_INDEX, OCI_MANIFEST, startTestRegistry } from '../registry.fake.ts';
import { escapeHtml, formatSize, html } from './html.ts';

test('the page lists repositories, and for one its tags with platforms, sizes, layers and the pull command', async () => {
  await using registry = await startTestRegistry();
  expect(await (await registry.fetch('/')).text()).toContain('Nothing has been pushed yet');
  const image = await registry.pushImage('team/app', 'v1');
  const entry = {
    mediaType: OCI_MANIFEST,
    digest: image.digest,
    size: image.size,
    platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
  };
  await registry.putManifest(
    'team/app',
    'all',
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry] },
    OCI_INDEX,
  );
  const list = await registry.fetch('/');
  expect([list.status, list.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(await list.text()).toContain('<a href="?repository=team%2Fapp">team/app</a>');
  const page = await (await registry.fetch('/?repository=team/app')).text();
  const host = new URL(registry.url).host;
  for (const expected of [
    `docker pull ${host}/team/app:v1`,
    `docker pull ${host}/team/app:all`,
    'linux/amd64',
    'linux/arm64/v8',
    image.layer,
    '500 B',
    image.digest,
  ])
    expect(page).toContain(expected);
});

test('nothing that a client pushed or sent becomes markup, and the policy allows no script and no outside content', async () => {
  await using registry = await startTestRegistry();
  const evil = '"><script>alert(1)</script>';
  await registry.pushImage('team/evil', 'v1', { artifactType: evil });
  const config = await registry.putBlob('team/evil', JSON.stringify({ os: evil, architecture: evil }));
  await registry.putManifest('team/evil', 'v2', {
    schemaVersion: 2,
    config: { mediaType: evil, digest: config, size: 1 },
    layers: [],
  });
  const response = await registry.fetch('/?repository=team/evil');
  for (const host of [evil, 'a/v2/', 'a b'])
    expect((await registry.fetch('/?repository=team/evil', { headers: { Host: host } })).status).toBe(400);
  const page = await response.text();
  expect(page).toContain('&#60;script&#62;');
  expect(page).not.toContain('<script');
  expect(response.headers.get('content-security-policy')).toStartWith("default-src 'none'; style-src 'sha256-");
  expect((await registry.fetch(`/?repository=${encodeURIComponent(evil)}`)).status).toBe(400);
  expect((await registry.fetch('/?repository=none')).status).toBe(404);
});

test('sizes are in powers of 1000, and every character with a meaning is escaped', () => {
  expect([0, 999, 1000, 1_234_567, 150_000_000, 2e12].map(formatSize)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.2 MB',
    '150 MB',
    '2.0 TB',
  ]);
  expect(escapeHtml(`<a b='c' d="e">&\``)).toBe('&#60;a b=&#39;c&#39; d=&#34;e&#34;&#62;&#38;&#96;');
  expect(html`<b>${'<'}</b>${[html`<i>${1}</i>`]}`.markup).toBe('<b>&#60;</b><i>1</i>');
});
