const DECIMAL = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** Bytes in powers of 1000 with so many significant digits: `4.26MB` (go-units HumanSizeWithPrecision). */
export function humanSize(sizeBytes: number, digits = 4): string {
  return scaled(sizeBytes, 1000, DECIMAL, digits);
}

/** Bytes in powers of 1024: `3.827GiB` (go-units BytesSize). */
export function bytesSize(sizeBytes: number): string {
  return scaled(sizeBytes, 1024, BINARY, 4);
}

function scaled(sizeBytes: number, base: number, units: readonly string[], digits: number): string {
  let [size, unit] = [sizeBytes, 0];
  for (; size >= base && unit < units.length - 1; unit += 1) size /= base;
  return `${significant(size, digits)}${units[unit]}`;
}

/** `%.Ng`: 999.9 with three digits is `1e+03`. */
function significant(value: number, digits: number): string {
  const [mantissa = '', exponent] = value.toPrecision(digits).split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return exponent === undefined ? short : `${short}e${exponent.replace(/^([+-])(\d)$/, '$10$2')}`;
}
