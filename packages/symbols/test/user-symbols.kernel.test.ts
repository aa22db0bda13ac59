import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Symbolizer, symbolText } from "../src/index.ts";

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((noinline)) void first(void) { __asm__ volatile("nop"); }
__attribute__((noinline)) static void hidden(void) { __asm__ volatile("nop"); }

int main(void)
{
	unsigned char *code = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	first();
	hidden();
	printf("%p %p %p %p\\n", (void *)first, (void *)hidden, dlsym(RTLD_DEFAULT, "getppid"), code);
	fflush(stdout);
	pause();
}
`;

interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly first: bigint;
  readonly hidden: bigint;
  readonly getppid: bigint;
  readonly code: bigint;
}

describe("addresses in processes", () => {
  let folder: string;
  const build = (name: string, ...flags: string[]) => {
    const path = join(folder, name);
    execFileSync("clang", ["-O1", ...flags, join(folder, "program.c"), "-o", path, "-ldl"]);
    return path;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-symbols-"));
    writeFileSync(join(folder, "program.c"), SOURCE);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function start(path: string, prefix: readonly string[] = []): Promise<Running> {
    const [file = path, ...args] = [...prefix, path];
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [output] = (await once(child.stdout, "data")) as [Buffer];
    const [first = 0n, hidden = 0n, getppid = 0n, code = 0n] = output
      .toString()
      .trim()
      .split(" ")
      .map(BigInt);
    return {
      pid: child.pid ?? 0,
      first,
      hidden,
      getppid,
      code,
      async [Symbol.asyncDispose]() {
        child.kill("SIGKILL");
        await once(child, "close");
      },
    };
  }
  const texts = (pid: number, ...addresses: bigint[]) =>
    new Symbolizer().user(pid, addresses).map(symbolText);

  it.each([
    ["position-independent", ["-fPIE", "-pie"]],
    ["at fixed addresses", ["-fno-pie", "-no-pie"]],
  ])("functions of a program %s, static ones too, and of the C library", async (_, flags) => {
    await using running = await start(build("program", ...flags));
    const { pid, first, hidden, getppid } = running;
    expect(texts(pid, first, first + 1n, hidden, getppid)).toEqual([
      "first",
      "first+0x1",
      "hidden",
      "getppid",
    ]);
  });

  it("says where in which file it does not know, instead of naming the nearest symbol", async () => {
    await using running = await start(build("stripped", "-fno-pie", "-no-pie", "-s", "-rdynamic"));
    const { pid, first, hidden } = running;
    expect(texts(pid, first, hidden)).toEqual(["first", `[unknown] stripped+0x${hidden.toString(16)}`]);
  });

  it("the program that runs, when its file was deleted or is another one by now", async () => {
    const path = build("deleted", "-fPIE", "-pie");
    await using deleted = await start(path);
    rmSync(path);
    expect(texts(deleted.pid, deleted.hidden)).toEqual(["hidden"]);

    const replaced = build("replaced", "-fPIE", "-pie");
    await using running = await start(replaced);
    copyFileSync("/bin/true", `${replaced}.new`);
    renameSync(`${replaced}.new`, replaced);
    expect(texts(running.pid, running.hidden)).toEqual(["hidden"]);
  });

  it("a program in a mount namespace of its own, whose path means another file here", async () => {
    const path = build("inside", "-fPIE", "-pie");
    const inner = mkdtempSync(join(folder, "inner-"));
    renameSync(path, join(inner, "program-inside"));
    const mount = mkdtempSync(join(folder, "mount-"));
    copyFileSync("/bin/true", join(mount, "program-inside"));
    const script = `mount --bind ${inner} ${mount} && exec ${join(mount, "program-inside")}`;
    await using running = await start(script, ["unshare", "--mount", "sh", "-c"]);
    expect(texts(running.pid, running.hidden, running.getppid)).toEqual(["hidden", "getppid"]);
  });

  it("code that was made at run time, once a perf map file describes it", async () => {
    await using running = await start(build("jit", "-fPIE", "-pie"));
    const { pid, code } = running;
    const symbolizer = new Symbolizer();
    const [before] = symbolizer.user(pid, [code]);
    expect(before).toMatchObject({ kind: "missing", reason: "anonymous" });
    const map = `/tmp/perf-${pid}.map`;
    writeFileSync(map, `${code.toString(16)} 20 LazyCompile:*hot /app/main.js:3\n`);
    try {
      expect(symbolizer.user(pid, [code + 5n]).map(symbolText)).toEqual(["hot /app/main.js:3"]);
    } finally {
      rmSync(map);
    }
  });

  it("what was asked while a process lived is answered after its end; nothing is known of one never seen", async () => {
    const symbolizer = new Symbolizer();
    const running = await start(build("ended", "-fPIE", "-pie"));
    expect(symbolizer.user(running.pid, [running.first]).map(symbolText)).toEqual(["first"]);
    await running[Symbol.asyncDispose]();
    expect(symbolizer.user(running.pid, [running.hidden]).map(symbolText)).toEqual(["hidden"]);
    expect(new Symbolizer().user(running.pid, [running.first])[0]).toMatchObject({ reason: "gone" });
  });

  it("agrees with nm about every function of the C library", async () => {
    await using running = await start(build("libc", "-fPIE", "-pie"));
    const [line = ""] = execFileSync("grep", ["-m1", "libc.so.6", `/proc/${running.pid}/maps`], {
      encoding: "utf8",
    }).split("\n");
    const base = BigInt(`0x${line.split("-")[0]}`);
    const path = line.slice(line.indexOf("/"));
    const functions = execFileSync("nm", ["-D", "-S", "--defined-only", path], { encoding: "utf8" })
      .split("\n")
      .flatMap((text) => {
        const [, address, size, name = ""] = /^([0-9a-f]+) ([0-9a-f]+) [TWi] (\S+)$/.exec(text) ?? [];
        return address === undefined
          ? []
          : [{ address: BigInt(`0x${address}`), size: BigInt(`0x${size}`), name }];
      });
    expect(functions.length).toBeGreaterThan(1000);
    const names = new Map<bigint, string[]>();
    for (const { address, name } of functions)
      names.set(address, [...(names.get(address) ?? []), name.replace(/@.*/, "")]);
    const last = functions.map(({ address, size }) => base + address + size - 1n);
    const answers = new Symbolizer().user(running.pid, last);
    answers.forEach((answer, index) => {
      const { address, size } = functions[index]!;
      expect(answer).toMatchObject({ kind: "found", offset: size - 1n });
      expect(names.get(address)).toContain(answer.kind === "found" ? answer.name : "");
    });
  });

  it("the vdso's functions", () => {
    const symbolizer = new Symbolizer();
    const maps = execFileSync("cat", [`/proc/${process.pid}/maps`], { encoding: "utf8" });
    const [, start = "0"] = /^([0-9a-f]+)-.*\[vdso\]$/m.exec(maps) ?? [];
    const addresses = Array.from({ length: 256 }, (_, index) => BigInt(`0x${start}`) + BigInt(index * 16));
    const names = symbolizer.user(process.pid, addresses).map(symbolText);
    expect(names.join()).toMatch(/clock_gettime/);
    expect(names[0]).toMatch(/^\[unknown\] \[vdso\]\+0x/);
  });
});

describe("addresses of the kernel", () => {
  it("have the names of /proc/kallsyms", (context) => {
    const lines = execFileSync(
      "grep",
      ["-m", "200", "-E", " [tT] (vfs_|tcp_v4_)[a-z_]+$", "/proc/kallsyms"],
      {
        encoding: "utf8",
      },
    );
    const symbols = lines
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    if (symbols.every(([address = ""]) => /^0+$/.test(address)))
      context.skip("the kernel hides its addresses");
    const addresses = symbols.map(([address]) => BigInt(`0x${address}`));
    expect(new Symbolizer().kernel(addresses).map(symbolText)).toEqual(symbols.map(([, , name]) => name));
  });
});
