import { InvalidArgumentError } from "../errors.ts";
import { syscallError } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { openSocket, SOCK_RAW, SOL_SOCKET, setSocketOption, socketInode } from "../linux/socket.ts";
import { syscallNumbers } from "../linux/syscalls.ts";
import type { LoadedProgram } from "../load/program.ts";
import { AttachedLink, type Link } from "./link.ts";
import {
  ETH_P_ALL_BIG_ENDIAN,
  interfaceError,
  interfaceText,
  requiredInterface,
} from "./network-interface.ts";
import { type AttachOptions, missingOption } from "./options.ts";
import { undoneOnFailure } from "./undo-list.ts";

const [SO_RCVBUF, SO_DETACH_FILTER, SO_ATTACH_BPF] = [8, 27, 50];
const AF_PACKET = 17;

/**
 * What a socket receives (`socket`), or what passes an interface (`interface`: a packet socket of our own, which
 * shows the program a copy of every packet).
 * @kernel 3.19, SO_ATTACH_BPF (net/core/filter.c)
 */
export function attachSocketFilter(program: LoadedProgram, options: AttachOptions): Link {
  if (options.socket !== undefined) return attachToSocket(program, options.socket);
  if (options.interface !== undefined) return attachToInterface(program, options);
  throw missingOption(program, "a socket or a network interface", 'socket: fd, or interface: "eth0",');
}

function attachToSocket(program: LoadedProgram, fd: number): Link {
  const { kernel } = program;
  const description = `socket ${fd}`;
  const inode = Number.isInteger(fd) && fd >= 0 ? socketInode(fd) : undefined;
  if (inode === undefined) throw notASocket(fd);
  return undoneOnFailure((undo) => {
    // Borrowed: the socket's owner closes it.
    const socket = { raw: fd };
    try {
      setSocketOption(kernel, socket, { level: SOL_SOCKET, name: SO_ATTACH_BPF, value: program.fd.raw });
    } catch (error) {
      throw interfaceError(error, description);
    }
    undo.add(() => {
      // A socket that was closed before has taken its filter along, and its number may be another's by now.
      if (socketInode(fd) !== inode) return;
      setSocketOption(kernel, socket, { level: SOL_SOCKET, name: SO_DETACH_FILTER, value: 0 });
    });
    return new AttachedLink("socket_filter", description, undo.run);
  });
}

function notASocket(fd: number): InvalidArgumentError {
  return new InvalidArgumentError(
    `descriptor ${fd} is not an open socket`,
    "pass the descriptor of a socket",
  );
}

function attachToInterface(program: LoadedProgram, options: AttachOptions): Link {
  const { kernel } = program;
  const index = requiredInterface(program, options);
  const description = `packets of ${interfaceText(options)}`;
  return undoneOnFailure((undo) => {
    try {
      // Protocol 0 receives nothing until bind(), so that no packet passes before the filter is there (packet(7)).
      const socket = undo.keep(openSocket(kernel, AF_PACKET, SOCK_RAW, 0));
      setSocketOption(kernel, socket, { level: SOL_SOCKET, name: SO_ATTACH_BPF, value: program.fd.raw });
      // Nobody reads from it: once the buffer is full the copies are dropped, after the program has seen them.
      setSocketOption(kernel, socket, { level: SOL_SOCKET, name: SO_RCVBUF, value: 0 });
      bindToInterface(kernel, socket, index);
      return new AttachedLink("socket_filter", description, undo.run);
    } catch (error) {
      throw interfaceError(error, description);
    }
  });
}

/** bind(2) with struct sockaddr_ll: family, protocol (big endian), interface. */
function bindToInterface(kernel: Kernel, socket: OwnedFd, index: number): void {
  const address = kernel.native.allocate(20);
  const view = new DataView(address.buffer, address.byteOffset);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_ALL_BIG_ENDIAN, true);
  view.setInt32(4, index, true);
  const { bind } = syscallNumbers();
  const result = kernel.native.syscall(bind, socket.raw, kernel.native.addressOf(address), address.length);
  if (result < 0) throw syscallError("bind", -result, `packet socket to interface ${index}`);
}
