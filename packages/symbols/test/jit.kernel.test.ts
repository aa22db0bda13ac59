import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { open, type StackTraceMap } from "@skep/bpf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Symbolizer, symbolText } from "../src/index.ts";

const SCRIPT = `
function hotInScript(n) { let sum = 0; for (let i = 0; i < n; i++) sum = (sum + i * 7) % 1000003; return sum; }
class Box {
  get hotValue() {
    let sum = 0;
    for (let i = 0; i < 200000; i++) sum = (sum * 3 + i) % 1000003;
    return sum;
  }
}
const box = new Box();
const end = Date.now() + 60_000;
console.log("ready");
while (Date.now() < end) { hotInScript(200000); box.hotValue; }
`;

const JAVA = `public class Hot {
  static long hotInJava(long n) { long sum = 0; for (long i = 0; i < n; i++) sum = (sum * 31 + i) % 1000003; return sum; }
  public static void main(String[] args) {
    System.out.println("ready");
    long end = System.currentTimeMillis() + 60000, sum = 0;
    while (System.currentTimeMillis() < end) sum += hotInJava(100000);
    System.out.println(sum);
  }
}
`;

const machine = execFileSync("uname", ["-m"], { encoding: "utf8" }).trim();

describe("code made at run time", () => {
  let folder: string;
  let object: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-jit-"));
    object = join(folder, "samples.bpf.o");
    const source = fileURLToPath(new URL("fixtures/samples.bpf.c", import.meta.url));
    execFileSync("clang", [
      "-O2",
      "-g",
      "-target",
      "bpf",
      `-I/usr/include/${machine}-linux-gnu`,
      "-c",
      source,
      "-o",
      object,
    ]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** How many of the samples have a frame that reads so. */
  async function sample(pid: number, wanted: RegExp): Promise<{ all: number; found: Map<string, number> }> {
    const spec = await open(object);
    spec.variables.set("target", pid);
    using loaded = spec.load();
    using _link = loaded.program("sample").attach({ sample: { frequency: 499 } });
    await sleep(1500);
    const map = loaded.map("stacks") as StackTraceMap;
    const stacks = map.ids().flatMap((id) => [map.lookup(id) ?? []]);
    const found = new Map<string, number>();
    for (const frames of new Symbolizer().userStacks(pid, stacks))
      for (const text of new Set(frames.map(symbolText).filter((frame) => wanted.test(frame))))
        found.set(text, (found.get(text) ?? 0) + 1);
    return { all: stacks.length, found };
  }
  async function ready(child: ChildProcess): Promise<number> {
    await once(child.stdout!, "data");
    return child.pid ?? 0;
  }
  async function end(child: ChildProcess): Promise<void> {
    child.kill("SIGKILL");
    await once(child, "close");
    rmSync(`/tmp/perf-${child.pid}.map`, { force: true });
  }

  it.each([
    ["cjs", ["--perf-basic-prof"]],
    ["mjs", ["--perf-basic-prof", "--interpreted-frames-native-stack"]],
  ])("has the functions, files and lines of a program in Node.js (%s, %j)", async (kind, flags) => {
    mkdirSync(join(folder, "an app"), { recursive: true });
    const script = join(folder, "an app", `main.${kind}`);
    writeFileSync(script, SCRIPT);
    // V8 writes a log of its own into the current directory.
    const child = spawn(process.execPath, [...flags, script], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const { found } = await sample(await ready(child), /hotInScript|hotValue/);
      expect([...found.keys()].sort()).toEqual([`get hotValue ${script}:4`, `hotInScript ${script}:2`]);
    } finally {
      await end(child);
    }
  });

  it("has the names of BPF programs, as the kernel lists them", async () => {
    const spec = await open(object);
    using _loaded = spec.load();
    const [line = ""] = /^[0-9a-f]{16} t bpf_prog_[0-9a-f]+_sample\t\[bpf\]$/m.exec(
      readFileSync("/proc/kallsyms", "utf8"),
    ) ?? [""];
    const [address = "0", , name] = line.split(/[ \t]/);
    const [answer] = new Symbolizer().kernel([BigInt(`0x${address}`) + 4n]);
    expect(answer).toEqual({ kind: "found", name, offset: 4n, module: "bpf" });
  });

  it("has the methods of a program in Java, once the virtual machine has written them down", async (ctx) => {
    try {
      execFileSync("jcmd", ["-h"], { stdio: "ignore" });
    } catch {
      ctx.skip("no JDK");
    }
    writeFileSync(join(folder, "Hot.java"), JAVA);
    execFileSync("javac", ["Hot.java"], { cwd: folder });
    const child = spawn("java", ["-XX:+PreserveFramePointer", "-cp", folder, "Hot"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const pid = await ready(child);
      await sleep(1000);
      execFileSync("jcmd", [String(pid), "Compiler.perfmap"]);
      const { found } = await sample(pid, /hotInJava/);
      expect([...found.keys()].map((text) => text.replace(/\+0x[0-9a-f]+$/, ""))).toContain(
        "long Hot.hotInJava(long)",
      );
    } finally {
      await end(child);
    }
  });
});
