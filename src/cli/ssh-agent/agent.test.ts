/** Against OpenSSH's own programs: keys as ssh-keygen writes them, and its agents' clients. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createKeyAgent, messagesOf } from './agent.ts';
import { parsePrivateKey } from './private-key.ts';
import { sshString } from './wire.ts';

const root = mkdtempSync('/tmp/skiff-keys-');
const socket = join(root, 's');
let server: Server | undefined;

async function serve(names: readonly string[]): Promise<void> {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  const keys = names.map((name) => parsePrivateKey(readFileSync(join(root, name), 'utf8')));
  const talk = async (client: Socket): Promise<void> => {
    client.on('error', () => undefined);
    const agent = createKeyAgent(keys);
    for await (const request of messagesOf(client)) client.write(sshString(await agent.answer(request)));
    client.end();
  };
  server = createServer((client) => void talk(client));
  await new Promise<void>((resolve) => void server?.listen(socket, resolve));
}

async function run(argv: readonly string[]): Promise<{ readonly status: number; readonly out: string }> {
  const child = Bun.spawn([...argv], {
    env: { ...process.env, SSH_AUTH_SOCK: socket },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, status] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return { status, out };
}

const KINDS: readonly (readonly [string, readonly string[]])[] = [
  ['ed25519', ['-t', 'ed25519']],
  ['rsa', ['-t', 'rsa', '-b', '2048']],
  ['rsa-pem', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
  ['rsa-pkcs8', ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8']],
  ['ecdsa-256', ['-t', 'ecdsa', '-b', '256']],
  ['ecdsa-384', ['-t', 'ecdsa', '-b', '384']],
  ['ecdsa-521', ['-t', 'ecdsa', '-b', '521']],
  ['ecdsa-pem', ['-t', 'ecdsa', '-b', '256', '-m', 'PEM']],
];

beforeAll(async () => {
  const made = KINDS.map(([name, flags]) =>
    run(['ssh-keygen', '-q', '-N', '', '-C', name, '-f', join(root, name), ...flags]),
  );
  await Promise.all(made);
  writeFileSync(join(root, 'data'), 'what is signed');
}, 60_000);
afterAll(() => {
  server?.close();
  rmSync(root, { recursive: true });
});

const publicOf = (name: string): string =>
  readFileSync(join(root, `${name}.pub`), 'utf8')
    .split(' ')
    .slice(0, 2)
    .join(' ');

describe('keys of files', () => {
  test('are listed in their order', async () => {
    await serve(KINDS.map(([name]) => name));
    const { out } = await run(['ssh-add', '-L']);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual(KINDS.map(([name]) => publicOf(name)));
  }, 30_000);

  for (const [name] of KINDS)
    test(`sign: ${name}`, async () => {
      await serve(KINDS.map(([one]) => one));
      const [key, data] = [join(root, `${name}.pub`), join(root, 'data')];
      rmSync(`${data}.sig`, { force: true });
      // -T asks for the default hash of the key, -Y for SHA-512 with RSA
      expect((await run(['ssh-add', '-T', key])).status).toBe(0);
      rmSync(join(root, 'held'), { force: true });
      writeFileSync(join(root, 'held.pub'), readFileSync(key));
      expect((await run(['ssh-keygen', '-Y', 'sign', '-n', 'file', '-f', join(root, 'held.pub'), data])).status).toBe(
        0,
      );
      const check = `ssh-keygen -Y check-novalidate -n file -s ${data}.sig < ${data}`;
      expect((await run(['sh', '-c', check])).status).toBe(0);
    }, 30_000);

  test('RSA signs with the hash that is asked for', () => {
    const key = parsePrivateKey(readFileSync(join(root, 'rsa'), 'utf8'));
    const kinds = [0, 2, 4].map((flags) =>
      key.sign(Buffer.from('x'), flags).subarray(4).toString('latin1').slice(0, 12),
    );
    expect(kinds.map((kind) => kind.replace(/\0.*/s, ''))).toEqual(['ssh-rsa', 'rsa-sha2-256', 'rsa-sha2-512']);
  });

  test('one with a passphrase is refused, in each format', async () => {
    for (const [name, format] of [
      ['locked', []],
      ['locked-pem', ['-m', 'PEM']],
      ['locked-pkcs8', ['-m', 'PKCS8']],
    ] as const) {
      const flags = ['-t', name === 'locked' ? 'ed25519' : 'rsa', '-N', 'a passphrase', ...format];
      await run(['ssh-keygen', '-q', ...flags, '-f', join(root, name)]);
      expect(() => parsePrivateKey(readFileSync(join(root, name), 'utf8'))).toThrow(
        'ssh: this private key is passphrase protected',
      );
    }
  }, 30_000);

  test('what is no key, or of a kind that is not known, is refused', () => {
    const pem = (label: string, body: string): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
    const cut = readFileSync(join(root, 'ed25519'), 'utf8').split('\n').slice(1, 3).join('\n');
    const x448 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(parsePrivateKey(x448).publicKey.subarray(4, 15).toString()).toBe('ssh-ed25519');
    for (const [text, problem] of [
      ['hello', 'ssh: no key found'],
      [pem('DSA PRIVATE KEY', 'AAAA'), 'ssh: unsupported key type "DSA PRIVATE KEY"'],
      [pem('OPENSSH PRIVATE KEY', 'AAAA'), 'ssh: invalid openssh private key format'],
      [pem('OPENSSH PRIVATE KEY', cut), 'ssh: '],
      [pem('RSA PRIVATE KEY', 'AAAA'), 'ssh: the key cannot be read'],
    ] as const)
      expect(() => parsePrivateKey(text)).toThrow(problem);
  });
});

test('what is asked for beyond listing and signing, or is malformed, fails and nothing else', async () => {
  const agent = createKeyAgent([parsePrivateKey(readFileSync(join(root, 'ed25519'), 'utf8'))]);
  for (const request of [[17, 0], [19], [13], [13, 255, 255, 255, 255], [27]])
    expect([...(await agent.answer(Buffer.from(request)))]).toEqual([5]);
  const large = (async function* () {
    yield Buffer.from([0, 16, 0, 0]);
  })();
  expect(Array.fromAsync(messagesOf(large))).rejects.toThrow('a message of 1048576 bytes');
});
