import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidArgumentError, NotFoundError } from "../../src/errors.ts";
import { findBinary, type SearchPaths } from "../../src/linux/binary-path.ts";

let root: string;
let search: SearchPaths;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "skep-paths-")));
  for (const directory of ["bin", "lib", "own", "cached"]) mkdirSync(join(root, directory));
  for (const file of ["bin/tool", "lib/libz.so.1.3", "own/libz.so.1", "cached/libq.so.2"]) {
    writeFileSync(join(root, file), "");
    chmodSync(join(root, file), 0o755);
  }
  symlinkSync("libz.so.1.3", join(root, "lib/libz.so.1"));
  // A header that means nothing here, then the strings, as ldconfig writes them.
  writeFileSync(
    join(root, "cache"),
    `glibc-ld.so.cache1.1\x01\0\0libq.so.2\0${root}/cached/libq.so.2\0`,
    "latin1",
  );
  search = {
    path: join(root, "bin"),
    libraryPath: "",
    cacheFile: join(root, "cache"),
    libraryDirectories: [join(root, "lib")],
  };
});
afterAll(() => rmSync(root, { recursive: true }));

describe("the file that a name means", () => {
  it("is the path itself when it is one, with links followed", () => {
    expect(findBinary(join(root, "lib/libz.so.1"))).toBe(join(root, "lib/libz.so.1.3"));
  });

  it("is a command of PATH", () => {
    expect(findBinary("tool", undefined, search)).toBe(join(root, "bin/tool"));
  });

  it("is a library of the default directories, with or without its version", () => {
    expect(findBinary("libz.so.1", undefined, search)).toBe(join(root, "lib/libz.so.1.3"));
    expect(findBinary("libz", undefined, search)).toBe(join(root, "lib/libz.so.1.3"));
  });

  it("is taken from LD_LIBRARY_PATH first", () => {
    const own = { ...search, libraryPath: `:${join(root, "own")}` };
    expect(findBinary("libz.so.1", undefined, own)).toBe(join(root, "own/libz.so.1"));
  });

  it("is found through ldconfig's cache", () => {
    expect(findBinary("libq.so.2", undefined, search)).toBe(join(root, "cached/libq.so.2"));
    expect(findBinary("libq", undefined, search)).toBe(join(root, "cached/libq.so.2"));
  });

  it("for a process is what it has mapped, by whichever way it got there", () => {
    expect(findBinary("libc", process.pid)).toMatch(/\/libc\.so\.6$|\/libc-.*\.so$/);
    expect(findBinary("node", process.pid)).toBe(realpathSync(process.execPath));
  });

  it("does not exist, in words", () => {
    expect(() => findBinary("nosuchtool", undefined, search)).toThrow(NotFoundError);
    expect(() => findBinary("libnosuch.so.1", undefined, search)).toThrow(NotFoundError);
    expect(() => findBinary(root)).toThrow(NotFoundError);
    expect(() => findBinary("libc", 2 ** 31 - 1)).toThrow(InvalidArgumentError);
  });
});
