import { dlopen, FFIType, ptr } from 'bun:ffi';

/**
 * The terminal by libc itself: what the runtime calls raw mode still turns line feeds into CR LF, which a container's own
 * terminal has already done. Linux only (termios(3), ioctl_tty(2)).
 */
const TERMIOS_BYTES = 60;
const TCSANOW = 0;
const TIOCGWINSZ = 0x5413;

let libc: ReturnType<typeof open> | undefined;

function open() {
  const { i32, u64, ptr: pointer } = FFIType;
  return dlopen('libc.so.6', {
    isatty: { args: [i32], returns: i32 },
    tcgetattr: { args: [i32, pointer], returns: i32 },
    tcsetattr: { args: [i32, i32, pointer], returns: i32 },
    cfmakeraw: { args: [pointer], returns: FFIType.void },
    ioctl: { args: [i32, u64, pointer], returns: i32 },
  }).symbols;
}

/** True when `fd` is a terminal. */
export function isTerminal(fd: number): boolean {
  libc ??= open();
  return libc.isatty(fd) === 1;
}

/** Height and width of the terminal at `fd`, zeros when it is none. */
export function terminalSize(fd: number): readonly [number, number] {
  libc ??= open();
  const size = new Uint16Array(4);
  if (libc.ioctl(fd, TIOCGWINSZ, ptr(size)) !== 0) return [0, 0];
  return [size[0] ?? 0, size[1] ?? 0];
}

/** Takes the terminal at `fd` into raw mode; the result puts it back as it was, any number of times. No terminal: nothing happens. */
export function makeRaw(fd: number): () => void {
  const symbols = (libc ??= open());
  const before = new Uint8Array(TERMIOS_BYTES);
  if (symbols.tcgetattr(fd, ptr(before)) !== 0) return () => undefined;
  const raw = Uint8Array.from(before);
  symbols.cfmakeraw(ptr(raw));
  symbols.tcsetattr(fd, TCSANOW, ptr(raw));
  return () => {
    symbols.tcsetattr(fd, TCSANOW, ptr(before));
  };
}
