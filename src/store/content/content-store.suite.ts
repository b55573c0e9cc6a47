import { expect, test } from 'bun:test';
import { messageOf } from '../../lib/errors.ts';
import { parseDigest } from '../../oci/digest.ts';
import type { ContentStore, GrowingBlob } from './content-store.ts';

const HELLO = parseDigest('sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

/** What a reader is told until the end, or why there is none. */
async function follow(blob: GrowingBlob): Promise<readonly number[] | string> {
  const seen: number[] = [];
  try {
    for (let have = 0; ; ) {
      const { bytes, whole } = await blob.more(have);
      seen.push(bytes);
      if (whole) return seen;
      have = bytes;
    }
  } catch (error) {
    return messageOf(error);
  }
}

/** What every content store must do. */
export function contentStoreSuite(name: string, create: () => ContentStore): void {
  test(`${name}: a blob is found by the digest of its bytes`, async () => {
    const store = create();
    expect(await store.write(chunks('hel', 'lo'))).toEqual({ digest: HELLO, size: 5 });
    expect(await store.has(HELLO)).toBe(true);
    expect(Buffer.from(await store.readAll(HELLO)).toString()).toBe('hello');
    expect(await Array.fromAsync(store.list())).toEqual([{ digest: HELLO, size: 5 }]);
  });

  test(`${name}: a blob is read from any byte on`, async () => {
    const store = create();
    await store.write(chunks('hel', 'lo'));
    const parts = await Array.fromAsync(await store.stream(HELLO, 3));
    expect(Buffer.concat(parts).toString()).toBe('lo');
  });

  test(`${name}: content that is not what was promised is refused and not kept`, async () => {
    const store = create();
    await expect(store.write(chunks('hello!'), { digest: HELLO })).rejects.toMatchObject({ kind: 'data_loss' });
    await expect(store.write(chunks('hello'), { size: 4 })).rejects.toMatchObject({ kind: 'data_loss' });
    expect(await Array.fromAsync(store.list())).toEqual([]);
  });

  test(`${name}: an aborted write keeps nothing`, async () => {
    const store = create();
    const cancel = new AbortController();
    const source = (async function* () {
      yield Buffer.from('hel');
      cancel.abort(new Error('enough'));
      yield Buffer.from('lo');
    })();
    await expect(store.write(source, { signal: cancel.signal })).rejects.toThrow('enough');
    expect(await store.has(HELLO)).toBe(false);
  });

  test(`${name}: a blob that was cut off is gone on with where it ended`, async () => {
    const store = create();
    const signal = new AbortController().signal;
    const offsets: number[] = [];
    const cut = async function* (offset: number): AsyncGenerator<Uint8Array> {
      offsets.push(offset);
      yield Buffer.from('hello'.slice(offset, offset + 2));
      if (offset < 4) throw new Error('cut');
    };
    const seen: number[] = [];
    const once = (): Promise<void> =>
      store.resume({ digest: HELLO, size: 5 }, cut, { signal, onProgress: (bytes) => seen.push(bytes) });
    await expect(once()).rejects.toThrow('cut');
    expect(await store.has(HELLO)).toBe(false);
    await expect(once()).rejects.toThrow('cut');
    await once();
    await once();
    expect(offsets).toEqual([0, 2, 4]);
    expect(seen.at(-1)).toBe(5);
    expect(Buffer.from(await store.readAll(HELLO)).toString()).toBe('hello');
  });

  test(`${name}: a blob that is fetched can be followed, from what was there before to its end or its failure`, async () => {
    const store = create();
    const signal = new AbortController().signal;
    const followed: Promise<readonly number[] | string>[] = [];
    const onOpen = (blob: GrowingBlob): void => void followed.push(follow(blob));
    const cut = async function* (offset: number): AsyncGenerator<Uint8Array> {
      yield Buffer.from('hello'.slice(offset, offset + 3));
      await Bun.sleep(0);
      if (offset === 0) throw new Error('cut');
    };
    await expect(store.resume({ digest: HELLO, size: 5 }, cut, { signal, onOpen })).rejects.toThrow('cut');
    await store.resume({ digest: HELLO, size: 5 }, cut, { signal, onOpen });
    await store.resume({ digest: HELLO, size: 5 }, cut, { signal, onOpen });
    expect(await Promise.all(followed)).toEqual(['cut', [3, 5, 5]]);
  });

  test(`${name}: a beginning that is wrong is dropped and the blob asked for from the first byte, once`, async () => {
    const store = create();
    const signal = new AbortController().signal;
    const offsets: number[] = [];
    let text = 'hexxo';
    let cut = true;
    const source = async function* (offset: number): AsyncGenerator<Uint8Array> {
      offsets.push(offset);
      yield Buffer.from(text.slice(offset, 3));
      if (cut) throw new Error('cut');
      yield Buffer.from(text.slice(Math.max(offset, 3)));
    };
    const once = (): Promise<void> => store.resume({ digest: HELLO, size: 5 }, source, { signal });
    await expect(once()).rejects.toThrow('cut');
    [text, cut] = ['hello', false];
    await once();
    expect(offsets).toEqual([0, 3, 0]);
    await store.remove(HELLO);
    text = 'wrong';
    await expect(once()).rejects.toMatchObject({ kind: 'data_loss' });
    expect(offsets).toEqual([0, 3, 0, 0]);
    text = 'hello';
    await once();
    expect(offsets.at(-1)).toBe(0);
  });

  test(`${name}: what is not there is not_found, and removing it is fine`, async () => {
    const store = create();
    await expect(store.size(HELLO)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(store.readAll(HELLO)).rejects.toMatchObject({ kind: 'not_found' });
    await store.remove(HELLO);
  });

  test(`${name}: a blob larger than the bound is not read at once`, async () => {
    const store = create();
    await store.write(chunks('hello'));
    await expect(store.readAll(HELLO, 4)).rejects.toMatchObject({ kind: 'invalid_parameter' });
  });
}
