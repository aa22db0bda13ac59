import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CgroupPaths } from "../src/formats/cgroup-paths.ts";

it("finds the path of a cgroup by its id, and says when there is none", () => {
  const root = mkdtempSync(join(tmpdir(), "skep-cgroups-"));
  try {
    mkdirSync(join(root, "a/b"), { recursive: true });
    const paths = new CgroupPaths(root);
    const id = (name: string) => statSync(join(root, name), { bigint: true }).ino;
    expect(paths.find(id("a/b"))).toBe("/a/b");
    expect(paths.find(id("."))).toBe("/");
    expect(paths.find(0n)).toBeUndefined();
    expect(new CgroupPaths(join(root, "nothing")).find(1n)).toBeUndefined();
  } finally {
    rmSync(root, { recursive: true });
  }
});
