import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, type Page, startBrowser, type Window } from '../fixtures/browser.ts';
import { type Contents, putContents } from '../fixtures/contents.ts';
import { type PeerRegistry, startPeerRegistry } from '../fixtures/peer-registry.ts';

/** The registry's page in a headless Chromium: what a person sees and can do. */
let registry: PeerRegistry;
let browser: Browser;
let contents: Contents;
const EVIL = '"><script>document.title="run"</script><img src=x onerror=document.title="run">';
beforeAll(async () => {
  const options = { program: 'ours', auth: 'anonymous', address: '127.0.0.1', authority: undefined } as const;
  [registry, browser] = await Promise.all([startPeerRegistry(options), startBrowser()]);
  contents = await putContents(registry, 'team/app', 'page');
  await putContents(registry, `library/${'long-name-'.repeat(20)}x`, 'long');
  await putEvil(registry, 'team/evil');
}, 60_000);
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
}, 60_000);

/** Markup and an address that runs, wherever a client may write something. */
async function putEvil(target: PeerRegistry, repository: string): Promise<void> {
  const Labels = {
    'org.opencontainers.image.description': EVIL,
    'org.opencontainers.image.source': 'javascript:alert(1)',
  };
  const text = JSON.stringify({ os: EVIL, architecture: EVIL, created: EVIL, config: { Labels } });
  const digest = await target.putBlob(repository, Buffer.from(text));
  const config = { mediaType: EVIL, digest, size: text.length };
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = { schemaVersion: 2, mediaType: type, config, layers: [], artifactType: EVIL };
  const image = await target.putManifest(repository, 'image', type, manifest);
  const about = { ...image, annotations: { 'vnd.docker.reference.digest': EVIL } };
  await target.putManifest(repository, 'index', 'application/vnd.oci.image.index.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [about, { ...image, platform: { os: EVIL, architecture: EVIL } }],
  });
  await target.putManifest(repository, 'signature', type, { ...manifest, subject: image });
}

const WIDE = { width: 1280, height: 900 } as const;
const NARROW = { width: 360, height: 740 } as const;
const WINDOWS: readonly (readonly [string, Window])[] = [
  ['wide and light', { ...WIDE, scheme: 'light' }],
  ['wide and dark', { ...WIDE, scheme: 'dark' }],
  ['narrow and light', { ...NARROW, scheme: 'light' }],
  ['narrow and dark', { ...NARROW, scheme: 'dark' }],
];

/** CSS pixels that one would have to scroll to the side. */
const OVERHANG = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

async function open(query: string, window: Window = { ...WIDE, scheme: 'light' }): Promise<Page> {
  return await browser.open(`http://${registry.host}/${query}`, window);
}

/** While a page goes away there is nothing to ask. */
async function untilHeading(page: Page, heading: string): Promise<void> {
  const read = async (): Promise<string> =>
    await page.evaluate<string>("document.querySelector('h1')?.innerText ?? ''");
  while ((await read().catch(() => '')) !== heading) await Bun.sleep(10);
}

async function textsOf(page: Page, selector: string): Promise<readonly string[]> {
  return await page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => one.innerText)`);
}

describe.each(WINDOWS)('in a window that is %s', (_name, window) => {
  test('nothing sticks out at the side, opened up too, and text stands out from its ground', async () => {
    for (const query of [
      '',
      '?repository=team/app',
      '?repository=team/evil',
      `?repository=library/${'long-name-'.repeat(20)}x`,
    ]) {
      const page = await open(query, window);
      await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
      expect([query, await page.evaluate<number>(OVERHANG)]).toEqual([query, 0]);
      const [ground, ...texts] = await page.evaluate<readonly string[]>(
        `[getComputedStyle(document.body).backgroundColor, ...[...document.querySelectorAll('body, a, .quiet, dt, code')].map((one) => getComputedStyle(one).color)]`,
      );
      expect(lightness(ground ?? '') > 0.5).toBe(window.scheme === 'light');
      for (const text of texts) expect(contrast(text, ground ?? '')).toBeGreaterThan(4.5);
      expect(page.complaints).toEqual([]);
    }
  }, 30_000);
});

test('the way from the list of repositories to a tag, and back', async () => {
  const list = await open('');
  expect(await list.evaluate<string>('document.title')).toBe(`Repositories · ${registry.host}`);
  expect(await textsOf(list, '.names a')).toContain('team/app');
  expect((await textsOf(list, '.names li')).find((text) => text.startsWith('team/app'))).toMatch(
    /4 tags, pushed \d{4}-\d\d-\d\d \d\d:\d\d UTC$/,
  );
  await list.click('.names a[href*="team%2Fapp"]');
  await untilHeading(list, 'team/app');
  expect(await textsOf(list, 'section h2')).toEqual(['docker', 'list', 'multi', 'signature']);
  await list.click('main a[href="./"]');
  await untilHeading(list, 'Repositories');
});

test('a tag shows how to pull it, its digest, platforms with sizes and layers, its attestation and what refers to it', async () => {
  const page = await open('?repository=team/app');
  const [section] = await textsOf(page, '#tag-multi');
  for (const expected of [
    `docker pull ${registry.host}/team/app:multi`,
    contents.multi,
    contents.signature,
    'application/vnd.example.signature',
  ])
    expect(section).toContain(expected);
  expect(await textsOf(page, '#tag-multi tbody tr td:first-child')).toEqual([
    'linux/amd64',
    'linux/arm64',
    'linux/s390x',
    'attestation of linux/amd64',
  ]);
  expect(await textsOf(page, '#tag-signature .copy')).toEqual([`${registry.host}/team/app:signature`]);
  for (const size of await textsOf(page, '#tag-multi td.size')) expect(size).toMatch(/^\d+(\.\d)? k?B$/);
  expect(await textsOf(page, '#tag-multi summary')).toEqual(['2 layers', '2 layers', '2 layers', '1 layer']);
  const layers = '#tag-multi details ol code';
  expect(await page.evaluate<boolean>(`document.querySelector('${layers}').checkVisibility()`)).toBe(false);
  await page.click('#tag-multi summary');
  expect(await page.evaluate<boolean>(`document.querySelector('${layers}').checkVisibility()`)).toBe(true);
  expect((await textsOf(page, layers))[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test('one click selects the whole command to pull', async () => {
  const page = await open('?repository=team/app');
  await page.click('#tag-docker .copy');
  expect(await page.evaluate<string>('getSelection().toString()')).toBe(`docker pull ${registry.host}/team/app:docker`);
});

test('many repositories can be searched by a part of the name', async () => {
  for (let number = 0; number < 8; number++) await putContents(registry, `many/app-${number}`, `${number}`);
  const page = await open('');
  await page.evaluate(
    "document.querySelector('input').value = 'APP-5'; document.querySelector('form').requestSubmit()",
  );
  while ((await textsOf(page, '.names a')).length !== 1) await Bun.sleep(10);
  expect(await textsOf(page, '.names a')).toEqual(['many/app-5']);
  const none = await open('?search=nothing-like-it');
  expect(await textsOf(none, 'main p')).toEqual(['No repository has that in its name.']);
}, 30_000);

test('nothing a client has written runs, leads elsewhere or loads anything', async () => {
  for (const query of ['?repository=team/evil', `?search=${encodeURIComponent(EVIL)}`]) {
    const page = await open(query);
    expect(await page.evaluate<string>('document.title')).not.toContain('run');
    expect(await page.evaluate<number>("document.querySelectorAll('script, img, iframe, [onerror]').length")).toBe(0);
    const links = await page.evaluate<readonly string[]>('[...document.links].map(({ href }) => href)');
    expect(links.filter((href) => !href.startsWith(`http://${registry.host}/`))).toEqual([]);
    expect(page.requests.filter((url) => !url.endsWith('/favicon.ico'))).toEqual([`http://${registry.host}/${query}`]);
    expect(page.complaints).toEqual([]);
  }
  const page = await open('?repository=team/evil');
  expect((await textsOf(page, 'body')).join()).toContain(EVIL);
  // Were something written into the page after all, the policy would still not let it run.
  await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<img src="/v2/" onerror="document.title = 1">')`);
  await page.evaluate(
    "document.body.append(Object.assign(document.createElement('script'), { text: 'document.title = 1' }))",
  );
  while (page.complaints.length < 2) await Bun.sleep(10);
  expect(await page.evaluate<string>('document.title')).toBe(`team/evil · ${registry.host}`);
}, 30_000);

test('an empty registry says how to push', async () => {
  await using empty = await startPeerRegistry({
    program: 'ours',
    auth: 'anonymous',
    address: '127.0.0.1',
    authority: undefined,
  });
  const page = await browser.open(`http://${empty.host}/`, { ...NARROW, scheme: 'light' });
  expect(await textsOf(page, '.copy')).toEqual([
    `docker tag app ${empty.host}/app:latest`,
    `docker push ${empty.host}/app:latest`,
  ]);
});

/** `rgb(1, 2, 3)`; relative luminance of WCAG 2. */
function lightness(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
    const value = Number(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(text: string, ground: string): number {
  const [low = 0, high = 0] = [lightness(text), lightness(ground)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}
