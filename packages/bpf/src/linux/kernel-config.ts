import { gunzipSync } from "node:zlib";
import type { Files } from "./files.ts";
import { readBytesIfExists } from "./read-file.ts";

const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/**
 * How the running kernel was configured: `CONFIG_X` → `y`, `m`, a number or a quoted string, from /boot or
 * /proc/config.gz (CONFIG_IKCONFIG_PROC). Undefined when the kernel does not tell.
 */
export function readKernelConfig(files: Files, release: string): ReadonlyMap<string, string> | undefined {
  for (const path of [`/boot/config-${release}`, `/lib/modules/${release}/config`]) {
    const bytes = readBytesIfExists(files, path);
    if (bytes !== undefined) return parseKernelConfig(bytes.toString("utf8"));
  }
  const packed = readBytesIfExists(files, "/proc/config.gz");
  if (packed === undefined) return undefined;
  return parseKernelConfig(gunzipSync(packed, { maxOutputLength: MAX_CONFIG_BYTES }).toString("utf8"));
}

/** The first value of a name counts. Options that are off are comments and so not in the map. */
export function parseKernelConfig(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^(CONFIG_\w+)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined && !values.has(name)) values.set(name, value);
  }
  return values;
}
