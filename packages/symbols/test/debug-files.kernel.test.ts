import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Symbolizer, symbolSource, symbolText } from "../src/index.ts";
import { type Running, startProgram } from "./running.ts";

const SOURCE = `#include <stdio.h>
#include <unistd.h>

__attribute__((noinline)) static void hidden(void)
{
	__asm__ volatile("nop");
}

__attribute__((noinline)) void shown(void)
{
	__asm__ volatile("nop");
}

int main(void)
{
	hidden();
	shown();
	printf("%p %p\\n", (void *)hidden, (void *)shown);
	fflush(stdout);
	pause();
}
`;

const run = (file: string, ...args: string[]) => execFileSync(file, args, { encoding: "utf8" });
const MAP = { pie: ["-fPIE", "-pie"], fixed: ["-fno-pie", "-no-pie"] };

describe("what stripping took away", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-debug-files-"));
    writeFileSync(join(folder, "program.c"), SOURCE);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Builds `name` with debug information, and keeps that in `name.debug` alone. `shown` stays in the dynamic table. */
  function build(name: string, flags: readonly string[]): { path: string; debug: string } {
    const path = join(folder, name);
    run("gcc", "-g", "-O1", "-rdynamic", ...flags, join(folder, "program.c"), "-o", path);
    const debug = `${path}.debug`;
    run("objcopy", "--only-keep-debug", path, debug);
    run("strip", path);
    return { path, debug };
  }
  const ask = ({ pid, addresses }: Running) => {
    const answers = new Symbolizer().user(pid, addresses);
    return answers.map((answer) => [symbolText(answer), symbolSource(answer)]);
  };
  const KNOWN = [
    ["hidden", "program.c:6"],
    ["shown", "program.c:11"],
  ];
  const unknown = (name: string) => [
    [expect.stringMatching(`^\\[unknown\\] ${name}\\+0x[0-9a-f]+$`), undefined],
    ["shown", undefined],
  ];

  it.each(Object.entries(MAP))("is found by build id (%s)", async (kind, flags) => {
    const { path, debug } = build(`by-id-${kind}`, ["-Wl,--build-id", ...flags]);
    const [, id = ""] = /Build ID: ([0-9a-f]+)/.exec(run("readelf", "-n", path)) ?? [];
    await using running = await startProgram(path);
    expect(ask(running)).toEqual(unknown(`by-id-${kind}`));
    const installed = `/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
    mkdirSync(dirname(installed), { recursive: true });
    copyFileSync(debug, installed);
    try {
      expect(ask(running)).toEqual(KNOWN);
    } finally {
      rmSync(installed);
    }
  });

  it.each([
    ["next to the program", ""],
    ["in .debug", ".debug"],
  ])("is found by .gnu_debuglink, %s", async (_, where) => {
    const { path, debug } = build(`by-link${where}`, ["-Wl,--build-id=none", ...MAP.pie]);
    run("objcopy", `--add-gnu-debuglink=${debug}`, path);
    if (where !== "") {
      mkdirSync(join(folder, where));
      copyFileSync(debug, join(folder, where, `by-link${where}.debug`));
      rmSync(debug);
    }
    await using running = await startProgram(path);
    expect(ask(running)).toEqual(KNOWN);
  });

  it("is not believed when it belongs to another build", async () => {
    const one = build("one", ["-Wl,--build-id=none", ...MAP.pie]);
    const other = build("other", ["-Wl,--build-id=none", "-O0", ...MAP.pie]);
    run("objcopy", `--add-gnu-debuglink=${one.debug}`, one.path);
    copyFileSync(other.debug, one.debug);
    await using running = await startProgram(one.path);
    expect(ask(running)).toEqual(unknown("one"));
  });

  it("is found in .gnu_debugdata", async () => {
    const { path, debug } = build("mini", ["-Wl,--build-id=none", ...MAP.pie]);
    const mini = `${path}.mini`;
    run("objcopy", "-S", "--remove-section", ".comment", "--keep-symbol=hidden", debug, mini);
    run("xz", mini);
    run("objcopy", "--add-section", `.gnu_debugdata=${mini}.xz`, path);
    await using running = await startProgram(path);
    expect(ask(running)).toEqual([
      ["hidden", undefined],
      ["shown", undefined],
    ]);
    const damaged = readFileSync(`${mini}.xz`).fill(0xff, 40, 60);
    writeFileSync(`${mini}.xz`, damaged);
    run("objcopy", "--update-section", `.gnu_debugdata=${mini}.xz`, path, `${path}.damaged`);
    await using worse = await startProgram(`${path}.damaged`);
    expect(ask(worse)).toEqual(unknown("mini.damaged"));
  });

  it("is looked for in the process's own root folder", async () => {
    const { path, debug } = build("inside", ["-static", "-Wl,--build-id=none"]);
    run("objcopy", `--add-gnu-debuglink=${debug}`, path);
    const root = join(folder, "root");
    mkdirSync(join(root, "usr/lib/debug/bin"), { recursive: true });
    mkdirSync(join(root, "bin"));
    copyFileSync(path, join(root, "bin/inside"));
    copyFileSync(debug, join(root, "usr/lib/debug/bin/inside.debug"));
    rmSync(debug);
    await using running = await startProgram("chroot", [root, "/bin/inside"]);
    expect(ask(running)).toEqual(KNOWN);
  });
});
