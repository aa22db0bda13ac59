import type { Package } from "../package.ts";
import { writePackage } from "../write-package.ts";

/**
 * The bytes of a `.tar` package: `package.json`, the object under the program's name, and types of kernels under
 * `btfhub-archive/`. The same contents give the same bytes.
 * @param btf `ubuntu/20.04/x86_64/5.4.0-100-generic` → BTF
 */
export async function writeArchive(
  name: string,
  content: Package,
  btf: ReadonlyMap<string, Uint8Array>,
): Promise<Uint8Array> {
  const { packTar } = await import("modern-tar");
  const files: [string, Uint8Array][] = [
    ...[...btf].map(([kernel, bytes]): [string, Uint8Array] => [`btfhub-archive/${kernel}.btf`, bytes]),
    ["package.json", writePackage(content)],
    [name, content.object],
  ];
  return packTar(
    files.map(([file, body]) => ({
      header: { name: file, size: body.length, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 },
      body,
    })),
  );
}
