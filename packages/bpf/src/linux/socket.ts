import { fstatSync } from "node:fs";
import { syscallError } from "./errno.ts";
import type { OwnedFd } from "./fd.ts";
import type { Kernel } from "./kernel.ts";
import { syscallNumbers } from "./syscalls.ts";

/** socket(2), setsockopt(2). */
export const SOCK_RAW = 3;
export const SOL_SOCKET = 1;
const SOCK_CLOEXEC = 0o2000000;

/** Tells a socket from a later one with the same descriptor. undefined when the descriptor is no open socket. */
export function socketInode(fd: number): bigint | undefined {
  try {
    const status = fstatSync(fd, { bigint: true });
    return status.isSocket() ? status.ino : undefined;
  } catch {
    return undefined;
  }
}

/** socket(2), closed on exec. @throws {SyscallError} */
export function openSocket(kernel: Kernel, family: number, type: number, protocol: number): OwnedFd {
  const fd = kernel.native.syscall(syscallNumbers().socket, family, type | SOCK_CLOEXEC, protocol);
  if (fd < 0) throw syscallError("socket", -fd, `family ${family}, type ${type}, protocol ${protocol}`);
  return kernel.own(fd);
}

/** setsockopt(2). An integer option takes a number, others their bytes. @throws {SyscallError} */
export function setSocketOption(
  kernel: Kernel,
  socket: Pick<OwnedFd, "raw">,
  option: { readonly level: number; readonly name: number; readonly value: number | Uint8Array },
): void {
  const { value } = option;
  const bytes = typeof value === "number" ? new Uint8Array(Int32Array.of(value).buffer) : value;
  const copy = kernel.native.allocate(bytes.length);
  copy.set(bytes);
  const address = kernel.native.addressOf(copy);
  const { setsockopt } = syscallNumbers();
  const result = kernel.native.syscall(
    setsockopt,
    socket.raw,
    option.level,
    option.name,
    address,
    bytes.length,
  );
  if (result < 0) throw syscallError(`setsockopt(${option.level}, ${option.name})`, -result);
}

/** send(2). @throws {SyscallError} */
export function sendBytes(kernel: Kernel, socket: OwnedFd, bytes: Uint8Array): void {
  const copy = kernel.native.allocate(bytes.length);
  copy.set(bytes);
  const { sendto } = syscallNumbers();
  const result = kernel.native.syscall(
    sendto,
    socket.raw,
    kernel.native.addressOf(copy),
    bytes.length,
    0,
    0,
    0,
  );
  if (result < 0) throw syscallError("sendto", -result);
}

/** recv(2) of one datagram of at most `capacity` bytes. @throws {SyscallError} EAGAIN after the socket's receive timeout */
export function receiveBytes(kernel: Kernel, socket: OwnedFd, capacity: number): Uint8Array {
  const buffer = kernel.native.allocate(capacity);
  const { recvfrom } = syscallNumbers();
  const result = kernel.native.syscall(
    recvfrom,
    socket.raw,
    kernel.native.addressOf(buffer),
    capacity,
    0,
    0,
    0,
  );
  if (result < 0) throw syscallError("recvfrom", -result);
  return buffer.subarray(0, result);
}
