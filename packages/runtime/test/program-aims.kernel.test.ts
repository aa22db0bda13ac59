import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWaiting } from "../../bpf/test/links/native-program.ts";
import { compileTool, RunningPackage, readSection } from "./running-package.ts";

const SOURCE = `#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	static char line[16];
	setvbuf(stdin, line, _IOFBF, sizeof(line));
	setvbuf(stdout, 0, _IONBF, 0);
	getchar();
	for (int index = 0; index < 10; index++) {
		void *volatile kept = malloc(1000 + index);
		if (index % 2) free(kept);
	}
	puts("done");
	getchar();
}
`;

const AIMS = [
  "--at",
  "malloc_enter=malloc",
  "--at",
  "malloc_exit=libc.so.6:malloc",
  "--at",
  "free_enter=free",
];

describe("an object with several probes that leave open what they probe", () => {
  let folder: string;
  let program: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-aims-"));
    program = join(folder, "program");
    writeFileSync(`${program}.c`, SOURCE);
    execFileSync("clang", ["-O1", `${program}.c`, "-o", program]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("has each aimed by --at, one left out, and its map of stacks given a size", async () => {
    const tool = await compileTool("allocations.bpf.c");
    using process = startWaiting(program, []);
    const args = ["--binary", "libc.so.6", ...AIMS, "--without", "somewhere_else"];
    await using _ = await new RunningPackage(tool, [...args, "--set", `target=${process.pid}`]).attached();
    await process.go();
    expect(readSection(".bss").variables).toMatchObject({
      asked: 10_045,
      given: 10,
      freed: 5,
      stacks_kept: 10,
    });
    expect(readSection(".bss").variables.pages).toBeGreaterThan(0);
  });

  it("says which program needs a word, and which programs there are", async () => {
    const tool = await compileTool("allocations.bpf.c");
    const run = async (...args: string[]) => {
      await using running = new RunningPackage(tool, args);
      await running.end;
    };
    await expect(run("--binary", "libc.so.6", ...AIMS)).rejects.toMatchObject({
      message: expect.stringContaining("somewhere_else does not say what to probe"),
      next: "add --function NAME, or --at somewhere_else=[BINARY:]FUNCTION, or --without somewhere_else",
    });
    await expect(run("--at", "maloc_enter=malloc")).rejects.toMatchObject({
      message: '--at: there is no program "maloc_enter"',
      next: "the programs are malloc_enter, free_enter, somewhere_else, malloc_exit, on_pages",
    });
    await expect(run("--without", "nothing")).rejects.toThrow('--without: there is no program "nothing"');
    await expect(run("--at", "malloc_enter")).rejects.toThrow("not of the form PROGRAM=TARGET");
  });
});
