import { UnsupportedError } from "../errors.ts";

/**
 * System call numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (arm64).
 * Both machines are 64-bit and little-endian, which the rest of `linux/` relies on.
 */
const NUMBERS = {
  //                   x86-64 arm64
  bpf: /*            */ [321, 280],
  perfEventOpen: /*  */ [298, 241],
  read: /*           */ [0, 63],
  close: /*          */ [3, 57],
  ioctl: /*          */ [16, 29],
  fcntl: /*          */ [72, 25],
  mmap: /*           */ [9, 222],
  munmap: /*         */ [11, 215],
  epollCreate1: /*   */ [291, 20],
  epollCtl: /*       */ [233, 21],
  epollPwait: /*     */ [281, 22],
  clockGettime: /*   */ [228, 113],
  gettid: /*         */ [186, 178],
  prlimit64: /*      */ [302, 261],
  rtSigprocmask: /*  */ [14, 135],
  socket: /*         */ [41, 198],
  bind: /*           */ [49, 200],
  sendto: /*         */ [44, 206],
  recvfrom: /*       */ [45, 207],
  setsockopt: /*     */ [54, 208],
  fsopen: /*         */ [430, 430],
  fsconfig: /*       */ [431, 431],
  fsmount: /*        */ [432, 432],
} as const;

export type SyscallName = keyof typeof NUMBERS;
export type SyscallNumbers = Readonly<Record<SyscallName, number>>;

const COLUMN: Readonly<Record<string, 0 | 1>> = { x64: 0, arm64: 1 };

/**
 * Numbers for a machine, as Node names it in `process.arch`; by default the one this process runs on.
 * @throws {UnsupportedError} for machines other than x86-64 and arm64
 */
export function syscallNumbers(arch: string = process.arch): SyscallNumbers {
  const column = COLUMN[arch];
  if (column === undefined) {
    throw new UnsupportedError(
      `no system call numbers for machine "${arch}"`,
      "run on x86-64 or arm64, the two machines this library knows",
    );
  }
  const entries = Object.entries(NUMBERS).map(([name, row]) => [name, row[column]]);
  return Object.fromEntries(entries) as SyscallNumbers;
}
