import { EAGAIN, EINTR, syscallError } from "./errno.ts";
import type { OwnedFd } from "./fd.ts";
import type { Native } from "./native.ts";
import { syscallNumbers } from "./syscalls.ts";

const CHUNK = 64 * 1024;

/**
 * All that a descriptor has to give, by read(2). One that answers EAGAIN is asked again: a BPF iterator does after a million objects
 * without output (MAX_ITER_OBJECTS, kernel/bpf/bpf_iter.c).
 * @throws {SyscallError}
 */
export function readToEnd(native: Native, fd: OwnedFd): Uint8Array {
  const { read } = syscallNumbers();
  const chunk = native.allocate(CHUNK);
  const address = native.addressOf(chunk);
  const chunks: Uint8Array[] = [];
  for (;;) {
    const length = native.syscall(read, fd.raw, address, CHUNK);
    if (length === 0) return Buffer.concat(chunks);
    if (length > 0) chunks.push(chunk.slice(0, length));
    else if (length !== -EAGAIN && length !== -EINTR) throw syscallError("read", -length);
  }
}
