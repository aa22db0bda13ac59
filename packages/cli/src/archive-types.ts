import { existsSync, readFileSync } from "node:fs";
import { machine, release } from "node:os";
import { type Archive, btfFor, type KernelName } from "@skep/package";

/** The kernel's own types are better than any that came with a package. */
const OWN_TYPES = "/sys/kernel/btf/vmlinux";

/**
 * The types that an archive brought for the running kernel, when that has none of its own. Undefined when they are not
 * needed, or not there: then loading says what is missing.
 * @param say told which kernel the archive knows nothing of
 */
export function typesFromArchive(
  archive: Archive | undefined,
  say: (line: string) => void,
): Uint8Array | undefined {
  if (archive === undefined || existsSync(OWN_TYPES)) return undefined;
  const kernel = runningKernel();
  const found = btfFor(archive, kernel);
  if (found === undefined && archive.btf.size > 0)
    say(`the archive has no types for ${Object.values(kernel).join("/")}`);
  return found;
}

/** How BTFHub names the running kernel: by os-release(5) and uname(2). */
function runningKernel(): KernelName {
  const fields = osRelease();
  return {
    id: fields.get("ID") ?? "linux",
    version: fields.get("VERSION_ID") ?? "",
    machine: machine(),
    release: release(),
  };
}

function osRelease(): ReadonlyMap<string, string> {
  for (const path of ["/etc/os-release", "/usr/lib/os-release"])
    if (existsSync(path))
      return new Map(
        readFileSync(path, "utf8")
          .split("\n")
          .flatMap((line): [string, string][] => {
            const [, name, value] = /^([A-Z_]+)=["']?(.*?)["']?$/.exec(line.trim()) ?? [];
            return name === undefined || value === undefined ? [] : [[name, value]];
          }),
      );
  return new Map();
}
