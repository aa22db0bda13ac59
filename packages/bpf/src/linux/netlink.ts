import { textOfBytes } from "../codec/text.ts";
import { MalformedError, SyscallError } from "../errors.ts";
import { errnoText } from "./errno.ts";
import type { OwnedFd } from "./fd.ts";
import type { Kernel } from "./kernel.ts";
import { openSocket, receiveBytes, SOCK_RAW, SOL_SOCKET, sendBytes, setSocketOption } from "./socket.ts";

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const SO_RCVTIMEO = 20;

const NLM_F_REQUEST = 0x1;
const NLM_F_MULTI = 0x2;
const NLM_F_ACK = 0x4;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSG_NOOP = 1;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSGERR_ATTR_MSG = 1;

const HEADER_SIZE = 16;
const RECEIVE_CAPACITY = 64 * 1024;
const MAX_DATAGRAMS = 10_000;
const SEQUENCE = 1; // each request has a socket of its own

interface Message {
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/**
 * Sends one rtnetlink request and returns the payloads of the messages that answer it (none for a plain command, all
 * parts of a dump). `flags` are NLM_F_*; REQUEST and ACK are added. See rtnetlink(7).
 * @throws {SyscallError} with the kernel's own sentence where it gives one
 */
export function netlinkRequest(
  kernel: Kernel,
  type: number,
  flags: number,
  payload: Uint8Array,
): Uint8Array[] {
  const socket = openSocket(kernel, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  try {
    prepare(kernel, socket);
    sendBytes(kernel, socket, encodeRequest(type, flags, payload));
    return collectAnswers(() => receiveBytes(kernel, socket, RECEIVE_CAPACITY), `netlink request ${type}`);
  } finally {
    socket.close();
  }
}

/** One attribute: struct nlattr (u16 length, u16 type), the value, padding to 4 bytes. */
export function netlinkAttribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(align(4 + value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 4 + value.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}

/** Reads datagrams until the acknowledgement or the end of a dump. @throws {SyscallError} what the kernel answers {MalformedError} */
export function collectAnswers(receive: () => Uint8Array, request: string): Uint8Array[] {
  const answers: Uint8Array[] = [];
  for (let datagrams = 0; datagrams < MAX_DATAGRAMS; datagrams++) {
    for (const message of parseMessages(receive())) {
      if (message.type === NLMSG_NOOP) continue;
      if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
        throwIfFailed(message, request);
        return answers;
      }
      answers.push(message.payload);
    }
  }
  throw new MalformedError(`the answer to ${request} does not end`, "report this with your kernel's version");
}

function prepare(kernel: Kernel, socket: OwnedFd): void {
  // A lost answer must not hang the process: give up after 5 seconds (struct timeval).
  const timeout = new Uint8Array(BigInt64Array.of(5n, 0n).buffer);
  setSocketOption(kernel, socket, { level: SOL_SOCKET, name: SO_RCVTIMEO, value: timeout });
  for (const name of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) {
    setSocketOption(kernel, socket, { level: SOL_NETLINK, name, value: 1 });
  }
}

function encodeRequest(type: number, flags: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags | NLM_F_REQUEST | NLM_F_ACK, true);
  view.setUint32(8, SEQUENCE, true);
  bytes.set(payload, HEADER_SIZE);
  return bytes;
}

function parseMessages(bytes: Uint8Array): Message[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const messages: Message[] = [];
  for (let at = 0; HEADER_SIZE <= bytes.length - at; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER_SIZE || length > bytes.length - at) {
      throw new MalformedError(
        `netlink message of ${length} bytes in ${bytes.length - at}`,
        "report this with your kernel's version",
      );
    }
    const [type, flags] = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
    messages.push({ type, flags, payload: bytes.slice(at + HEADER_SIZE, at + length) });
    at += align(length);
  }
  return messages;
}

/** The payload of NLMSG_ERROR and of the end of a dump begins with `-errno`; 0 is success. */
function throwIfFailed(message: Message, request: string): void {
  const { payload } = message;
  if (payload.length < 4) return;
  const errno = -new DataView(payload.buffer, payload.byteOffset).getInt32(0, true);
  if (errno <= 0) return;
  const explanation = extendedAck(message);
  const said = explanation === undefined ? "" : `: ${explanation}`;
  throw new SyscallError("netlink", errno, `${request}: ${errnoText(errno)}${said}`);
}

/** The sentence that comes with an error since Linux 4.12 (Documentation/userspace-api/netlink/intro.rst). */
function extendedAck({ flags, payload, type }: Message): string | undefined {
  if ((flags & NLM_F_ACK_TLVS) === 0) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  let at = 4;
  if (type === NLMSG_ERROR && (flags & NLM_F_MULTI) === 0) {
    if (payload.length < 4 + HEADER_SIZE) return undefined;
    at = flags & NLM_F_CAPPED ? 4 + HEADER_SIZE : 4 + align(view.getUint32(4, true));
  }
  while (4 <= payload.length - at) {
    const length = view.getUint16(at, true);
    if (length < 4 || length > payload.length - at) return undefined;
    if ((view.getUint16(at + 2, true) & 0x3fff) === NLMSGERR_ATTR_MSG) {
      return textOfBytes(payload.subarray(at + 4, at + length));
    }
    at += align(length);
  }
  return undefined;
}

function align(length: number): number {
  return (length + 3) & ~3;
}
