import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
export function stripDebug(
  bytes: Uint8Array,
  options: { replace?: Map<string, Uint8Array> } = {},
): Uint8Array {
  const d = mkdtempSync("/tmp/strip-");
  writeFileSync(join(d, "a"), bytes);
  const args = ["--strip-debug"];
  for (const [n, b] of options.replace ?? []) {
    writeFileSync(join(d, n.slice(1)), b);
    args.push("--update-section", `${n}=${join(d, n.slice(1))}`);
  }
  execFileSync("llvm-objcopy", [...args, join(d, "a"), join(d, "b")]);
  const r = readFileSync(join(d, "b"));
  rmSync(d, { recursive: true });
  return new Uint8Array(r);
}
