import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BtfBuilder, BtfKind, NotFoundError } from "@skep/bpf";
import { vmlinuxHeaderDirectory } from "@skep/compiler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const directory = mkdtempSync(join(tmpdir(), "skep-test-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** A kernel whose only type is this one. */
function kernelBtf(name: string): string {
  const builder = new BtfBuilder();
  builder.add({ kind: BtfKind.Struct, name, size: 0, kindFlag: false, members: [] });
  const path = join(directory, `${name}.btf`);
  writeFileSync(path, builder.encode());
  return path;
}

describe("vmlinuxHeaderDirectory", () => {
  const cache = join(directory, "cache");
  let btf = "";
  beforeAll(() => {
    btf = kernelBtf("one");
  });

  it("makes the header once for a kernel, and again for another", async () => {
    const made = await vmlinuxHeaderDirectory(directory, { btf, cache });
    const header = join(made, "vmlinux.h");
    expect(readFileSync(header, "utf8")).toContain("struct one");
    const { mtimeNs } = statSync(header, { bigint: true });
    expect(await vmlinuxHeaderDirectory(directory, { btf, cache })).toBe(made);
    expect(statSync(header, { bigint: true }).mtimeNs).toBe(mtimeNs);
    expect(readdirSync(made)).toEqual(["vmlinux.h"]);
    expect(await vmlinuxHeaderDirectory(directory, { btf: kernelBtf("two"), cache })).not.toBe(made);
  });

  it("serves this one run when the cache cannot be written", async () => {
    const blocked = join(directory, "file");
    writeFileSync(blocked, "");
    const spare = mkdtempSync(join(directory, "spare-"));
    expect(await vmlinuxHeaderDirectory(spare, { btf, cache: blocked })).toBe(spare);
    expect(existsSync(join(spare, "vmlinux.h"))).toBe(true);
  });

  it("says what to do when the kernel does not show its types", async () => {
    const missing = vmlinuxHeaderDirectory(directory, { btf: join(directory, "none"), cache });
    await expect(missing).rejects.toThrow(NotFoundError);
    await expect(missing).rejects.toMatchObject({ next: expect.stringContaining("CONFIG_DEBUG_INFO_BTF") });
  });
});
