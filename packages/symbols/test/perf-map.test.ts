import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PerfMapFile, parsePerfMap } from "../src/user/perf-map.ts";
import { runtimeName } from "../src/user/script-names.ts";

describe("parsePerfMap", () => {
  it("names what a runtime compiled, with whatever the name holds", () => {
    const table = parsePerfMap(
      "7f00a000 40 LazyCompile:*hot /app/main.js:3:1\n7F00B000 10 Lcom/acme/Main;::run\n",
    );
    expect(table.find(0x7f00a03f)).toEqual({ name: "LazyCompile:*hot /app/main.js:3:1", offset: 0x3f });
    expect(table.find(0x7f00b000)?.name).toBe("Lcom/acme/Main;::run");
    expect(table.find(0x7f00a040)).toBeUndefined();
  });

  it("believes the later line about the same place, and looks behind a shorter function that lies in a longer one", () => {
    const table = parsePerfMap("1000 100 old\n1000 80 new\n2000 1000 outer\n2100 10 inner\n");
    expect(table.find(0x1010)?.name).toBe("new");
    expect(table.find(0x1090)?.name).toBe("old");
    expect(table.find(0x2105)?.name).toBe("inner");
    expect(table.find(0x2800)).toEqual({ name: "outer", offset: 0x800 });
  });

  it("lets new code that lies across old one win wherever it is", () => {
    const table = parsePerfMap("1000 100 one\n1100 100 two\n1080 100 across\n0 10 zero\n5000 0 nothing\n");
    const names = [0, 0x107f, 0x1080, 0x1100, 0x117f, 0x1180, 0x11ff, 0x1200, 0x5000].map(
      (address) => table.find(address)?.name,
    );
    const [none] = [undefined];
    expect(names).toEqual(["zero", "one", "across", "across", "across", "two", "two", none, none]);
    expect(table.find(0x1180)?.offset).toBe(0x80);
  });

  it("passes over lines that are none", () => {
    const table = parsePerfMap("hello\n1000\n1000 zz name\n-5 10 x\n0x3000 0x10 prefixed\n");
    expect(table.length).toBe(1);
    expect(table.find(0x3001)?.name).toBe("prefixed");
  });
});

describe("runtimeName", () => {
  const at = (file: string, line: number, column?: number) => ({ file, line, column });
  it.each([
    ["JS:*hot /app/main.js:2:13", "hot", at("/app/main.js", 2, 13)],
    ["JS:~hot file:///app/my%20app/main.mjs:2:13", "hot", at("/app/my app/main.mjs", 2, 13)],
    ["JS:^get value /app/my app/main.js:1:90", "get value", at("/app/my app/main.js", 1, 90)],
    ["LazyCompile:~hot /app/main.js:3", "hot", at("/app/main.js", 3)],
    ["JS:~resolve node:path:1217:10", "resolve", at("node:path", 1217, 10)],
    ["JS:~ /app/main.js:7:89", "(anonymous)", at("/app/main.js", 7, 89)],
    ["Script:~ /app/main.js:1:1", "(script)", at("/app/main.js", 1, 1)],
    ["JS:*run evalmachine.<anonymous>:4:2", "run", at("evalmachine.<anonymous>", 4, 2)],
    ["Eval:~ :1:1", "(eval)", undefined],
    ["JS:~lost", "lost", undefined],
    ["Builtin:InterpreterEntryTrampoline", "Builtin:InterpreterEntryTrampoline", undefined],
    ["RegExp:a+b:1:2", "RegExp:a+b:1:2", undefined],
    ["Lcom/acme/Main;::run", "Lcom/acme/Main;::run", undefined],
  ])("%s", (text, name, source) => {
    expect(runtimeName(text)).toEqual(source === undefined ? { name } : { name, source });
  });
});

describe("PerfMapFile", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-perf-map-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is read again when it has grown, and remembered when it is gone", () => {
    const path = join(folder, "perf-1.map");
    const file = new PerfMapFile(path);
    expect(file.table()).toBeUndefined();
    writeFileSync(path, "1000 10 one\n");
    expect(file.table()?.length).toBe(1);
    writeFileSync(path, "1000 10 one\n2000 10 two\n");
    expect(file.table()?.find(0x2000)?.name).toBe("two");
    rmSync(path);
    expect(file.table()?.length).toBe(2);
  });

  it("does not wait for a pipe, nor follow a link", () => {
    const pipe = join(folder, "perf-2.map");
    execFileSync("mkfifo", [pipe]);
    expect(new PerfMapFile(pipe).table()).toBeUndefined();
    const link = join(folder, "perf-3.map");
    symlinkSync("/etc/passwd", link);
    expect(new PerfMapFile(link).table()).toBeUndefined();
  });
});
