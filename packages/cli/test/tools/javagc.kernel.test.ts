import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NativeProgram } from "./native.ts";
import { table, trace } from "./trace.ts";

interface Collection {
  readonly pid: number;
  readonly comm: string;
  readonly collector: string;
  readonly pool?: string;
  readonly full: boolean;
  readonly duration_ns: number;
  readonly used_before: number;
  readonly used_after: number;
}

const hasJava = spawnSync("javac", ["-version"]).error === undefined;
const hasSdt = ["/usr/include/sys/sdt.h", "/usr/include/x86_64-linux-gnu/sys/sdt.h"].some((path) =>
  existsSync(path),
);

/** A JVM that waits for a word before it collects. */
class Jvm implements Disposable {
  readonly child: ChildProcess;
  #said = "";

  constructor(file: string, args: readonly string[]) {
    this.child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.child.stdout?.on("data", (text) => {
      this.#said += text;
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  async ready(): Promise<this> {
    await this.#until("ready");
    return this;
  }

  /** @returns how often each collector ran meanwhile, as the JVM has it */
  async collect(): Promise<Readonly<Record<string, number>>> {
    this.child.stdin?.write("go\n");
    await this.#until("}");
    return JSON.parse(/\{.*\}/.exec(this.#said)?.[0] ?? "") as Record<string, number>;
  }

  async #until(word: string): Promise<void> {
    while (!this.#said.includes(word)) await once(this.child.stdout!, "data");
  }

  [Symbol.dispose](): void {
    this.child.kill("SIGKILL");
  }
}

/** How often each collector ran, the pools left out. */
function counts(all: readonly Collection[], pid: number): Readonly<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const { collector, pool } of all.filter((one) => one.pid === pid))
    if (!pool && collector !== "") result[collector] = (result[collector] ?? 0) + 1;
  return result;
}

function withoutZeros(all: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

describe.skipIf(!hasJava)("javagc, with a JVM (openjdk-17-jdk-headless)", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "skep-java-"));
    execFileSync("javac", ["-d", directory, fileURLToPath(new URL("native/Collect.java", import.meta.url))]);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const TIMES = 5;
  const jvm = (flag: string) =>
    new Jvm("java", ["-Xmx64m", flag, "-cp", directory, "Collect", String(TIMES)]).ready();

  it.each([
    ["-XX:+UseSerialGC", "MarkSweepCompact"],
    ["-XX:+UseParallelGC", "PS MarkSweep"],
    ["-XX:+UseG1GC", "G1 Old Generation"],
  ])("%s: shows each collection that the JVM counts, and how much was left", async (flag, collector) => {
    using java = await jvm(flag);
    let counted: Readonly<Record<string, number>> = {};
    const { events } = await trace<Collection>(["javagc", "--pid", String(java.pid), "--pools"], async () => {
      counted = withoutZeros(await java.collect());
      return (seen) => counts(seen, java.pid)[collector] === counted[collector];
    });
    expect(counted[collector]).toBe(TIMES);
    expect(counts(events, java.pid)).toEqual(counted);
    const full = events.filter(({ full, pool }) => full && pool === "");
    expect(full).toHaveLength(TIMES);
    for (const event of full) {
      expect(event).toMatchObject({ pid: java.pid, comm: "java", collector });
      expect(event.duration_ns).toBeGreaterThan(0);
      // 4 MiB of garbage, but for those of the last time, which are still in use.
      expect(event.used_before).toBeGreaterThan(4 << 20);
      expect(event.used_after).toBeGreaterThan(4 << 20);
    }
    const pools = events.filter((event) => event.full && event.pool !== "" && event.collector === collector);
    const old = pools.filter(({ pool }) => /Old|Tenured/.test(pool ?? ""));
    expect(old).toHaveLength(TIMES);
    // What a pool takes is a part of the whole.
    for (const [index, event] of old.entries())
      expect(event.duration_ns).toBeLessThan(full[index]!.duration_ns);
  });

  it("looks at the processes that it is told to, several at once, and no other", async () => {
    using one = await jvm("-XX:+UseSerialGC");
    using other = await jvm("-XX:+UseSerialGC");
    using third = await jvm("-XX:+UseSerialGC");
    const { events } = await trace<Collection>(["javagc", "--pid", `${one.pid},${other.pid}`], async () => {
      await third.collect();
      await Promise.all([one.collect(), other.collect()]);
      return (seen) => [one, other].every(({ pid }) => counts(seen, pid).MarkSweepCompact === TIMES);
    });
    expect(events.some(({ pid }) => pid === third.pid)).toBe(false);
  });

  it("without --pid finds the library of every JVM that runs", async () => {
    using java = await jvm("-XX:+UseSerialGC");
    const { events } = await trace<Collection>(["javagc"], async () => {
      await java.collect();
      return (seen) => counts(seen, java.pid).MarkSweepCompact === TIMES;
    });
    expect(withoutZeros(counts(events, java.pid)).MarkSweepCompact).toBe(TIMES);
  });

  it("finds the library of a JVM where only that one has it, in a mount namespace of its own", async () => {
    const home = dirname(dirname(realpathSync(execFileSync("which", ["java"], { encoding: "utf8" }).trim())));
    const mount = mkdtempSync(join(tmpdir(), "skep-jvm-"));
    const script = `mount --bind ${home} ${mount} && exec ${mount}/bin/java -XX:+UseSerialGC -cp ${directory} Collect ${TIMES}`;
    try {
      using java = await new Jvm("unshare", ["-m", "sh", "-c", script]).ready();
      expect(existsSync(`${mount}/bin/java`)).toBe(false);
      const { events } = await trace<Collection>(["javagc", "--pid", String(java.pid)], async () => {
        await java.collect();
        return (seen) => counts(seen, java.pid).MarkSweepCompact === TIMES;
      });
      expect(events.every(({ pid }) => pid === java.pid)).toBe(true);
    } finally {
      rmSync(mount, { recursive: true });
    }
  });
});

describe.skipIf(!hasSdt)("javagc, with probes of our own (systemtap-sdt-dev)", () => {
  it("does not lose its count after 4.29 seconds, and keeps collections and pools apart", async () => {
    using program = new NativeProgram("collector");
    const child = spawn(program.path, ["4500"], { stdio: ["pipe", "ignore", "inherit"] });
    const { events } = await trace<Collection>(
      ["javagc", "--binary", program.path, "--pid", String(child.pid), "--pools"],
      async () => {
        child.stdin?.write("go\n");
        await once(child, "exit");
        return (seen) => seen.length >= 5;
      },
    );
    expect(
      events.map(({ collector, pool, full, used_before, used_after }) => [
        collector,
        pool,
        full,
        used_before,
        used_after,
      ]),
    ).toEqual([
      ["Slow", "Old Space", true, 1000, 400],
      ["Slow", "CodeCache", true, 50, 50],
      ["Slow", "", true, 1000, 400],
      ["Cycles", "Heap", false, 300, 200],
      ["Cycles", "", false, 300, 200],
    ]);
    const [old, , whole, , cycle] = events.map(({ duration_ns }) => duration_ns);
    expect(old).toBeGreaterThan(4.5e9);
    expect(whole).toBeGreaterThan(4.6e9);
    expect(cycle).toBeGreaterThan(50e6);
    expect(cycle).toBeLessThan(4e9);
  });

  it("shows units, no pools unless asked for, and with --min only what took so long", async () => {
    using program = new NativeProgram("collector");
    const child = spawn(program.path, ["300"], { stdio: ["pipe", "ignore", "inherit"] });
    const args = ["javagc", "--binary", program.path, "--pid", String(child.pid)];
    let brief = "";
    const all = await table(args, async () => {
      brief = await table([...args, "--min", "200ms"], async () => {
        child.stdin?.write("go\n");
        await once(child, "exit");
        return (text) => text.includes("Slow");
      });
      return (text) => text.includes("Cycles");
    });
    const rows = (text: string) => [...text.matchAll(/ (Slow|Cycles) +(true|false) +([\d.]+)(ns|us|ms|s) /g)];
    expect(rows(all).map(([, collector, full]) => [collector, full])).toEqual([
      ["Slow", "true"],
      ["Cycles", "false"],
    ]);
    expect(rows(brief).map(([, collector]) => collector)).toEqual(["Slow"]);
    const [[, , , pause, unit] = []] = rows(brief);
    expect(unit).toBe("ms");
    expect(Number(pause)).toBeGreaterThan(300);
    expect(all).not.toContain("Old Space");
  });
});
