import type { Shape } from "../shapes/shape.ts";
import { boolean } from "./boolean.ts";
import { bytes } from "./bytes.ts";
import { cgroup } from "./cgroup.ts";
import { char } from "./char.ts";
import { command } from "./command.ts";
import { duration } from "./duration.ts";
import { enumeration } from "./enum.ts";
import { errno } from "./errno.ts";
import { exit } from "./exit.ts";
import { flags } from "./flags.ts";
import type { Format, FormatContext, MakeFormat } from "./format.ts";
import { hex } from "./hex.ts";
import { ip } from "./ip.ts";
import { ksym } from "./ksym.ts";
import { mac } from "./mac.ts";
import { mode } from "./mode.ts";
import { octal } from "./octal.ts";
import { percent } from "./percent.ts";
import { plainFormat } from "./plain.ts";
import { port } from "./port.ts";
import { result } from "./result.ts";
import { signal } from "./signal.ts";
import { stack } from "./stack.ts";
import { string } from "./string.ts";
import { syscall } from "./syscall.ts";
import { timestamp } from "./timestamp.ts";
import { uid } from "./uid.ts";

/** First word after `@format` → how it is done. */
const FORMATS: Readonly<Record<string, MakeFormat>> = {
  boolean,
  bytes,
  cgroup,
  char,
  comm: string,
  command,
  duration,
  enum: enumeration,
  errno,
  exit,
  flags,
  hex,
  ip,
  ksym,
  mac,
  mode,
  octal,
  percent,
  port,
  result,
  signal,
  stack,
  string,
  syscall,
  timestamp,
  uid,
};

/** The words that `@format` knows. */
export const FORMAT_WORDS: readonly string[] = Object.keys(FORMATS);

/**
 * The format that `text` asks for; the plain one, with a warning, when there is no such format or it does not suit the type.
 * @param member for the warning
 */
export function formatOf(
  member: string,
  shape: Shape,
  text: string | undefined,
  context: FormatContext,
  warn: (line: string) => void,
): Format {
  if (text === undefined) return plainFormat(shape);
  const [word = "", ...words] = text.split(/\s+/);
  const make = Object.hasOwn(FORMATS, word) ? FORMATS[word] : undefined;
  const format = make?.(shape, words, context) ?? "is no format";
  if (typeof format !== "string") return format;
  warn(`${member}: "${text}" ${format}: shown as it is`);
  return plainFormat(shape);
}
