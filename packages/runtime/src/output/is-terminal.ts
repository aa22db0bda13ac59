import type { Writable } from "node:stream";
import type { WriteStream } from "node:tty";

/** Whether somebody looks at what is written. Asks the stream: node:tty need not be loaded for it. */
export function isTerminal(stream: Writable): stream is WriteStream {
  return "isTTY" in stream && stream.isTTY === true;
}
