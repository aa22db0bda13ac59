import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = "/usr/sbin";
const EM_BPF = 247;

/** The BPF objects that the distribution's libbpf-tools carry inside their executables, in order of tool name. */
export function embeddedObjects(): { tool: string; bytes: Uint8Array }[] {
  const listing = "/var/lib/dpkg/info/libbpf-tools.list";
  if (!existsSync(listing)) return [];
  const packaged = new Set(readFileSync(listing, "utf8").split("\n"));
  return readdirSync(folder)
    .filter((tool) => packaged.has(join(folder, tool)))
    .sort()
    .flatMap((tool) => objectsIn(readFileSync(join(folder, tool))).map((bytes) => ({ tool, bytes })));
}

/** Finds ELF headers of machine BPF; an object written by llvm or libbpf ends with its section header table. */
function objectsIn(file: Buffer): Uint8Array[] {
  const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const found: Uint8Array[] = [];
  for (let at = file.indexOf(magic, 1); at > 0; at = file.indexOf(magic, at + 1)) {
    if (file.length - at < 64 || file.readUInt16LE(at + 18) !== EM_BPF) continue;
    const sections = Number(file.readBigUInt64LE(at + 40));
    const end = sections + file.readUInt16LE(at + 58) * file.readUInt16LE(at + 60);
    if (end <= file.length - at) found.push(new Uint8Array(file.subarray(at, at + end)));
  }
  return found;
}
