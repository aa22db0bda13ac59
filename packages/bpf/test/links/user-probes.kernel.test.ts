import { execFileSync } from "node:child_process";
import { existsSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { InvalidArgumentError, NotFoundError } from "../../src/errors.ts";
import { attachProgram } from "../../src/links/attach.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { versionCode } from "../../src/linux/kernel-version.ts";
import { BPF_TRACE_UPROBE_MULTI } from "../../src/spec/program-types.ts";
import { Counter } from "./counter.ts";
import { compileNative, hasSdtHeader, type NativeProgram, startWaiting } from "./native-program.ts";
import { noLeaks } from "./no-leaks.ts";

noLeaks();

describe.skipIf(!hasSdtHeader)("probes in a program of our own", () => {
  let probes: NativeProgram;
  beforeAll(() => {
    probes = compileNative("probes.c");
  });
  afterAll(() => probes[Symbol.dispose]());

  it("uprobes count the calls of a function, by name, by name and offset, and by file offset", () => {
    using counter = new Counter("uprobe");
    const link = attachProgram(counter.program, { target: `${probes.path}:work` });
    probes.run("25");
    expect(counter.hits).toBe(25);
    link.close();
    probes.run("5");
    expect(counter.hits).toBe(25);
    using _again = attachProgram(counter.program, { target: `${probes.path}:work+0` });
    probes.run("5");
    expect(counter.hits).toBe(30);
  });

  it("uretprobes count its returns", () => {
    using counter = new Counter("uretprobe");
    const link = attachProgram(counter.program, { target: `${probes.path}:more_work` });
    probes.run("12");
    expect(counter.hits).toBe(12);
    link.close();
    probes.run("12");
    expect(counter.hits).toBe(12);
  });

  it("uprobes give their cookie", () => {
    using counter = new Counter("uprobe", { cookie: true });
    using _link = attachProgram(counter.program, { target: `${probes.path}:work`, cookie: 77 });
    probes.run("1");
    expect(counter.cookie).toBe(77n);
  });

  it("uprobes of one process ignore the others", async () => {
    using counter = new Counter("uprobe");
    using child = startWaiting(probes.path, ["40", "wait"]);
    using _link = attachProgram(counter.program, { target: `${probes.path}:work`, pid: child.pid });
    probes.run("9");
    await child.go();
    expect(counter.hits).toBe(40);
  });

  it("one uprobe.multi link serves all functions of a pattern", () => {
    using counter = new Counter("uprobe.multi");
    using link = attachProgram(counter.program, { target: `${probes.path}:*work` });
    expect(link.description).toContain("(2 functions)");
    probes.run("10");
    expect(counter.hits).toBe(20);
  });

  it("uretprobe.multi counts returns, with a cookie", () => {
    using counter = new Counter("uretprobe.multi", { cookie: true });
    const link = attachProgram(counter.program, { target: `${probes.path}:more_work`, cookie: 5n });
    probes.run("3");
    expect([counter.hits, counter.cookie]).toEqual([3, 5n]);
    link.close();
    probes.run("3");
    expect(counter.hits).toBe(3);
  });

  it("uprobe.session sees the entry and the return of every call, and a return that it declines not", (ctx) => {
    if (hostKernel().version < versionCode(6, 13)) ctx.skip("uprobe sessions need Linux 6.13");
    using both = new Counter("uprobe.session");
    // What a session's program returns at the entry is whether it declines the return.
    using entries = new Counter("uprobe.session", { returns: 1 });
    const target = `${probes.path}:*work`;
    const links = [both, entries].map((counter) => attachProgram(counter.program, { target }));
    probes.run("5");
    expect([both.hits, entries.hits]).toEqual([20, 10]);
    for (const link of links) link.close();
    probes.run("5");
    expect([both.hits, entries.hits]).toEqual([20, 10]);
  });

  it("usdt attaches at every site of the probe", () => {
    using counter = new Counter("usdt");
    const link = attachProgram(counter.program, { target: `${probes.path}:skep:args` });
    probes.run("10");
    expect(counter.hits).toBe(20);
    link.close();
    probes.run("10");
    expect(counter.hits).toBe(20);
  });

  it("usdt attaches all sites with one link, where the program was loaded for that", () => {
    using counter = new Counter("usdt", { attachType: BPF_TRACE_UPROBE_MULTI, cookie: true });
    using link = attachProgram(counter.program, { target: `${probes.path}:skep:args`, cookie: 9 });
    expect(link.fd).toBeDefined();
    probes.run("10");
    expect([counter.hits, counter.cookie]).toEqual([20, 9n]);
  });

  it("files are looked up as the process sees them, in its own mount namespace", async () => {
    using counter = new Counter("uprobe");
    // A file system of its own, which no other process sees.
    const script = `mount -t tmpfs none /mnt && cp ${probes.path} /mnt/hidden && exec /mnt/hidden 6 wait`;
    using child = startWaiting("unshare", ["-m", "sh", "-c", script]);
    await vi.waitUntil(() => readlinkSync(`/proc/${child.pid}/exe`).endsWith("/hidden"), { timeout: 10_000 });
    expect(() => attachProgram(counter.program, { target: "/mnt/hidden:work" })).toThrow(NotFoundError);
    using link = attachProgram(counter.program, { target: "/mnt/hidden:work", pid: child.pid });
    await child.go();
    expect(counter.hits).toBe(6);
    expect(link.description).toContain(`of process ${child.pid}`);
    using byName = new Counter("uprobe");
    attachProgram(byName.program, { target: "hidden:work", pid: child.pid }).close();
  });

  it("errors name what is alike, and nothing stays attached", () => {
    using counter = new Counter("uprobe");
    const next = (kind: string, target: string) => {
      using other = new Counter(kind);
      try {
        attachProgram(other.program, { target }).close();
      } catch (error) {
        if (error instanceof NotFoundError) return error.next;
        throw error;
      }
      throw new Error("attached");
    };
    expect(next("uprobe", `${probes.path}:wrok`)).toContain("work");
    expect(next("usdt", `${probes.path}:skep:arg`)).toContain("skep:args");
    expect(next("uprobe.multi", `${probes.path}:zzz*`)).toContain("pattern");
    expect(next("usdt", "/bin/bash:skep:args")).toContain("readelf");
    expect(next("uprobe", "/no/such/file:work")).toContain("absolute path");
    expect(() => next("uprobe", "/etc/passwd:main")).toThrow(/^cannot read \/etc\/passwd: .*no ELF file/);
    expect(() => attachProgram(counter.program)).toThrow('SEC("uprobe") of program counter names no target');
    expect(() => attachProgram(counter.program, { target: probes.path })).toThrow(InvalidArgumentError);
    expect(() => attachProgram(counter.program, { target: `${probes.path}:work`, pid: 2 ** 31 - 1 })).toThrow(
      "process 2147483647 does not exist",
    );
  });
});

describe("probes in programs of the system", () => {
  it("uprobes find a library by its name", async () => {
    using counter = new Counter("uprobe");
    using child = startWaiting("/bin/bash", [
      "-c",
      "read x; for i in $(seq 100); do y+=(abc$i); done; echo; read x",
    ]);
    using _link = attachProgram(counter.program, { target: "libc.so.6:malloc", pid: child.pid });
    await child.go();
    expect(counter.hits).toBeGreaterThan(50);
  });

  it("uretprobes see bash read a line", () => {
    using counter = new Counter("uretprobe//bin/bash:readline");
    using _link = attachProgram(counter.program);
    execFileSync("script", ["-qec", "bash --norc -i", "/dev/null"], {
      input: "true\nexit\n",
      stdio: ["pipe", "ignore", "ignore"],
    });
    expect(counter.hits).toBeGreaterThanOrEqual(2);
  });

  it("usdt raises python's semaphores, without which nothing is reported", (ctx) => {
    if (!existsSync("/usr/bin/python3.11")) ctx.skip("no /usr/bin/python3.11");
    using counter = new Counter("usdt");
    using _link = attachProgram(counter.program, { target: "/usr/bin/python3.11:python:gc__start" });
    execFileSync("/usr/bin/python3.11", ["-S", "-c", "import gc\nfor i in range(100): gc.collect()"]);
    expect(counter.hits).toBeGreaterThanOrEqual(100);
  });
});
