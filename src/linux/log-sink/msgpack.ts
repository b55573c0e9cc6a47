/** A time of fluentd: extension type 0, seconds and nanoseconds (forward protocol, "EventTime Ext Format"). */
export interface EventTime {
  readonly seconds: number;
  readonly nanos: number;
}

export type Packable = string | number | EventTime | readonly Packable[] | ReadonlyMap<string, Packable>;

/** MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) of texts, whole numbers from 0 to 2^53, arrays, maps and times. */
export function pack(value: Packable): Uint8Array {
  const parts: Uint8Array[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function write(value: Packable, parts: Uint8Array[]): void {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    parts.push(bytes.length < 32 ? byte(0xa0 | bytes.length) : sized(bytes.length, [0xd9, 0xda, 0xdb]), bytes);
  } else if (typeof value === 'number') parts.push(value < 128 ? byte(value) : wide(value));
  else if (isList(value)) {
    parts.push(value.length < 16 ? byte(0x90 | value.length) : sized(value.length, [undefined, 0xdc, 0xdd]));
    for (const one of value) write(one, parts);
  } else if (isMap(value)) {
    parts.push(value.size < 16 ? byte(0x80 | value.size) : sized(value.size, [undefined, 0xde, 0xdf]));
    for (const [key, one] of value) {
      write(key, parts);
      write(one, parts);
    }
  } else {
    const time = Buffer.from([0xd7, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    time.writeUInt32BE(value.seconds >>> 0, 2);
    time.writeUInt32BE(value.nanos, 6);
    parts.push(time);
  }
}

function isList(value: Packable): value is readonly Packable[] {
  return Array.isArray(value);
}

function isMap(value: Packable): value is ReadonlyMap<string, Packable> {
  return value instanceof Map;
}

function byte(value: number): Uint8Array {
  return Buffer.from([value]);
}

/** A length behind the mark for 8, 16 or 32 bits. */
function sized(length: number, marks: readonly [number | undefined, number, number]): Uint8Array {
  if (length < 256 && marks[0] !== undefined) return Buffer.from([marks[0], length]);
  if (length < 65_536) return Buffer.from([marks[1], length >> 8, length & 255]);
  const bytes = Buffer.from([marks[2], 0, 0, 0, 0]);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function wide(value: number): Uint8Array {
  const bytes = Buffer.alloc(9, 0xcf);
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}
