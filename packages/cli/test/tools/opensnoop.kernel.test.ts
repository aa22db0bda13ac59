import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { ModelTool } from "./model-tool.ts";
import { NativeProgram } from "./native.ts";
import { runToEnd, table, trace } from "./trace.ts";

interface Open {
  readonly time: number;
  readonly latency_ns: number;
  readonly cgroup: number;
  readonly pid: number;
  readonly tid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly fd: number;
  readonly err: number;
  readonly flags: number;
  readonly mode: number;
  readonly comm: string;
  readonly path: string;
}

let directory: string;
let opens: NativeProgram;

beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "skep-opens-")));
  opens = new NativeProgram("opens");
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  opens[Symbol.dispose]();
});

/** What `native/opens.c` says it did. */
function told(stdout: string) {
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [how = "", fd, err, ...path] = line.split(" ");
      return { how, fd: Number(fd), err: Number(err), path: path.join(" ") };
    });
}

describe("opensnoop", () => {
  it("shows every way to open a file, each call once, with its whole path", async () => {
    const own = mkdtempSync(join(directory, "ways-"));
    let done = { pid: -1, stdout: "" };
    const { events, stderr } = await trace<Open>(["opensnoop", "--comm", "opens"], async () => {
      done = await runToEnd(opens.path, [own]);
      return (all) => all.some(({ path }) => path === "/sub/file");
    });
    const expected = told(done.stdout);
    const ours = events.filter(({ pid }) => pid === done.pid);
    // The first line is about the first call after the preparations.
    const begin = ours.findIndex(({ path, flags }) => path === `${own}/sub/file` && (flags & 3) === 0);
    expect(ours.slice(begin).map(({ fd, err, path }) => ({ fd, err, path }))).toEqual(
      expected.map(({ fd, err, path }) => ({ fd, err, path })),
    );
    const ways = expected.map(({ how }) => how);
    for (const way of ["absolute", "relative", "dirfd", "openat2", "missing", "deep", "chroot"])
      expect(ways).toContain(way);
    expect(expected.find(({ how }) => how === "deep")?.path.length).toBeGreaterThan(3000);
    expect(ours.every(({ ppid, uid }) => ppid === process.pid && uid === 0)).toBe(true);
    // A ring's worker may open in the place of its owner.
    const byOthers = ours.filter(({ tid }) => tid !== done.pid).length;
    expect(byOthers).toBeLessThanOrEqual(ways.filter((way) => way === "uring").length);
    expect(ours.every(({ latency_ns }) => latency_ns > 0)).toBe(true);
    expect(ours.map(({ time }) => time)).toEqual(ours.map(({ time }) => time).sort((a, b) => a - b));
    expect(stderr).toContain("0 lost");
  });

  it("decodes flags and names errors in its table, and escapes what a terminal must not see", async () => {
    const path = join(directory, "a\nb\u001b[31m");
    const text = await table(["opensnoop", "--pid", String(process.pid), "--path", directory], async () => {
      closeSync(openSync(path, "w", 0o640));
      expect(() => openSync(join(directory, "gone"), "r")).toThrow("ENOENT");
      return (all) => all.includes("gone");
    });
    const [header, created, gone] = text.trimEnd().split("\n");
    expect(header).toMatch(/^TIME +PID +COMM +FD +ERR +PATH +FLAGS$/);
    expect(created).toMatch(/ +\d+ 0 {8}\/\S+ +O_WRONLY\|O_CREAT\|O_TRUNC\|O_CLOEXEC$/);
    expect(created).toContain(` ${directory}/a\\nb\\x1b[31m `);
    expect(gone).toMatch(/ +-1 ENOENT {3}\/\S+\/gone +O_RDONLY\|O_CLOEXEC$/);
    // Paths begin below their header, however many flags there are.
    const paths = [created, gone].map((row) => row?.indexOf(directory));
    expect(paths).toEqual([header?.indexOf("PATH"), header?.indexOf("PATH")]);
  });

  it("--comm, which ends the model tool, goes on with the next name", async () => {
    await using skep = await new SkepProcess(["run", "opensnoop", "--comm", "cat", "--json"]).attached();
    for (const name of ["first", "second"]) {
      await runToEnd("/bin/ls", [join(directory, name)]);
      await runToEnd("/bin/cat", [join(directory, name)]);
    }
    await skep.until(() => skep.events<Open>().some(({ path }) => path === join(directory, "second")));
    expect((await skep.end()).code).toBe(0);
    const events = skep.events<Open>().filter(({ ppid }) => ppid === process.pid);
    expect(events.every(({ comm }) => comm === "cat")).toBe(true);
    expect(events.filter(({ path }) => path.startsWith(directory)).map(({ path }) => path)).toEqual([
      join(directory, "first"),
      join(directory, "second"),
    ]);
  });

  it("--failed, --path, --tid and --uid leave out the rest", async () => {
    const work = async () => {
      await runToEnd("/bin/cat", ["/etc/hostname"], { uid: 65534 });
      await runToEnd("/bin/cat", [join(directory, "needle-in-it")], { uid: 65534 });
      await runToEnd("/bin/cat", [join(directory, "needle-in-it")]);
      return () => true;
    };
    const run = async (...args: string[]) => {
      await using skep = await new SkepProcess(["run", "opensnoop", ...args, "--json"]).attached();
      await work();
      // The last event of all: it passes every filter.
      await skep.until(() => skep.events<Open>().some(({ path }) => path.includes("needle")));
      await skep.end();
      return skep.events<Open>();
    };
    const failed = await run("--failed", "--uid", "nobody");
    expect(failed.every(({ err, fd, uid }) => err > 0 && fd === -1 && uid === 65534)).toBe(true);
    expect(failed.filter(({ path }) => path === join(directory, "needle-in-it"))).toHaveLength(1);
    const named = await run("--path", "needle-in-it");
    expect(named.every(({ path }) => path === join(directory, "needle-in-it"))).toBe(true);
    // A text that begins twice: the search must not lose the second begin.
    writeFileSync(join(directory, "needneedle"), "");
    const tid = await trace<Open>(
      ["opensnoop", "--tid", String(process.pid), "--path", "needle"],
      async () => {
        closeSync(openSync(join(directory, "needneedle"), "r"));
        return (all) => all.length > 0;
      },
    );
    expect(tid.events.map(({ path }) => path)).toEqual([join(directory, "needneedle")]);
  });

  it("loses nothing, with records as long as they have to be: 50,000 opens, each in the output or counted", async () => {
    const { events, stderr } = await trace<Open>(
      ["opensnoop", "--pid", String(process.pid), "--path", directory],
      async () => {
        const path = join(directory, "many");
        writeFileSync(path, "");
        for (let count = 0; count < 50_000; count++) {
          closeSync(openSync(path, "r"));
          if (count % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }
        expect(() => openSync(join(directory, "last"), "r")).toThrow();
        return (all) => all.some(({ path }) => path.endsWith("last"));
      },
    );
    const lost = Number(/(\d+) lost/.exec(stderr)?.[1]);
    expect(events.filter(({ path, flags }) => path.endsWith("many") && (flags & 3) === 0).length + lost).toBe(
      50_000,
    );
    expect(lost).toBe(0);
  });

  it("counts what the model tool counts", async (context) => {
    await using model = await ModelTool.start("opensnoop", ["-p", String(process.pid)], "PATH");
    if (model === undefined) return context.skip("no libbpf-tools here");
    const path = join(directory, "both");
    const { events } = await trace<Open>(["opensnoop", "--pid", String(process.pid)], async () => {
      for (let count = 0; count < 500; count++) {
        closeSync(openSync(path, "w"));
        if (count % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return (all) => all.filter((event) => event.path === path).length >= 500;
    });
    expect(events.filter((event) => event.path === path)).toHaveLength(500);
    // Its losses may be of other opens.
    expect(await model.count((row) => row.endsWith(path), 500)).toBeGreaterThanOrEqual(500);
  });

  it("shows the same paths to a process in a container's mount namespace as the process sees", async (context) => {
    try {
      execFileSync("unshare", ["-m", "true"]);
    } catch {
      return context.skip("unshare(1) may not make a mount namespace here");
    }
    const script = `mount -t tmpfs none ${directory} && mkdir ${directory}/in && cd ${directory}/in && cat marker-below-mount`;
    const { events } = await trace<Open>(["opensnoop", "--path", "marker-below-mount"], async () => {
      await runToEnd("unshare", ["-m", "sh", "-c", script]);
      return (all) => all.length > 0;
    });
    expect(events.map(({ path, err }) => [path, err])).toEqual([[`${directory}/in/marker-below-mount`, 2]]);
  });

  it("follows relative paths up through 250 directories, and marks deeper ones", async () => {
    const deep = (depth: number) => join(directory, ...Array.from({ length: depth }, () => "d"));
    const above = directory.split("/").length - 1;
    mkdirSync(deep(300), { recursive: true });
    const { events } = await trace<Open>(["opensnoop", "--path", "in-the-deep"], async () => {
      await runToEnd("/bin/cat", ["in-the-deep"], { cwd: deep(250 - above) });
      await runToEnd("/bin/cat", ["in-the-deep"], { cwd: deep(300) });
      return (all) => all.length === 2;
    });
    expect(events.map(({ path }) => path)).toEqual([
      join(deep(250 - above), "in-the-deep"),
      `.../${Array.from({ length: 256 }, () => "d").join("/")}/in-the-deep`,
    ]);
  });
});
