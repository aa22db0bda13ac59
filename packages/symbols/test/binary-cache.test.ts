import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BinaryCache } from "../src/index.ts";

describe("BinaryCache", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-cache-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function build(name: string): string {
    const path = join(folder, name);
    writeFileSync(`${path}.c`, `int ${name}(void) { return 1; }\nint main(void) { return ${name}(); }\n`);
    execFileSync("gcc", ["-g", "-Wl,--build-id", `${path}.c`, "-o", path]);
    return path;
  }
  const read = (cache: BinaryCache, path: string, inode?: number) =>
    cache.read(path, inode, { root: "", path });

  it("reads copies of a file once, by its build id", () => {
    const cache = new BinaryCache();
    const one = build("one");
    copyFileSync(one, `${one}.copy`);
    const binary = read(cache, one);
    const { bytes } = cache;
    expect(bytes).toBeGreaterThan(0);
    expect(read(cache, `${one}.copy`)).toBe(binary);
    expect(cache.bytes).toBe(bytes);
  });

  it("keeps no more than it may, and reads again what made room", () => {
    const paths = ["first", "second", "third"].map(build);
    const cache = new BinaryCache(1);
    const sizes = paths.map((path) => {
      read(cache, path);
      return cache.bytes;
    });
    // The last one stays in any case.
    expect(Math.max(...sizes)).toBeLessThan(2 * Math.min(...sizes));
    const again = read(cache, paths[0]!);
    expect(again).toMatchObject({ bytes: cache.bytes });
  });

  it("does not take another file for the one that was meant, nor read what is no file", () => {
    const path = build("meant");
    const cache = new BinaryCache();
    expect(read(cache, path, statSync(path).ino + 1)).toBe("unreadable");
    expect(read(cache, folder)).toBe("unreadable");
    expect(read(cache, join(folder, "nothing"))).toBe("unreadable");
    expect(read(cache, `${path}.c`)).toBeUndefined();
    execFileSync("mkfifo", [join(folder, "pipe")]);
    expect(read(cache, join(folder, "pipe"))).toBe("unreadable");
  });
});
