import { expect, test } from 'bun:test';
import { parseReference } from '../../oci/reference.ts';
import { registryAuth } from './auth.ts';

const CONFIG = {
  auths: {
    'https://index.docker.io/v1/': { auth: btoa('me:pass:word') },
    'localhost:5000': { identitytoken: 'token' },
    'broken.example': { auth: '%%%' },
  },
};

function noWarning(text: string): void {
  throw new Error(text);
}

async function decoded(image: string): Promise<unknown> {
  const header = (await registryAuth(CONFIG, parseReference(image), noWarning))['X-Registry-Auth'];
  return header === undefined ? undefined : JSON.parse(Buffer.from(header, 'base64url').toString());
}

test('Docker Hub has its own key, and a password may hold colons', async () => {
  expect(await decoded('busybox')).toEqual({
    username: 'me',
    password: 'pass:word',
    serveraddress: 'https://index.docker.io/v1/',
  });
});

test('an identity token stands for a password', async () => {
  expect(await decoded('localhost:5000/x')).toEqual({ identitytoken: 'token', serveraddress: 'localhost:5000' });
});

test('no entry, no header', async () => {
  expect(await decoded('quay.io/x/y')).toBeUndefined();
});

test('a broken entry is refused', async () => {
  await expect(decoded('broken.example/x')).rejects.toThrow('invalid auth for broken.example in config.json');
});
