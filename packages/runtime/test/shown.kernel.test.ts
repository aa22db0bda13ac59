import { spawnSync } from "node:child_process";
import { Writable } from "node:stream";
import type { Package } from "@skep/package";
import { beforeAll, describe, expect, it } from "vitest";
import { ExitCode } from "../src/explain.ts";
import { compileTool, RunningPackage } from "./running-package.ts";

let tool: Package;
beforeAll(async () => {
  tool = await compileTool("shown.bpf.c");
});

/** A process that does not exist (PID_MAX_LIMIT is 4194304): signals to it reach nobody. */
const TARGET = 1_999_999_000 + (process.pid % 1000);
const target = ["--target", String(TARGET)];

function kill(signal: number): void {
  try {
    process.kill(TARGET, signal);
  } catch {
    // ESRCH: as meant.
  }
}

/** Runs with these arguments while `signals` are sent, until `count` events are shown. */
async function shown(
  args: readonly string[],
  signals: readonly number[],
  count = signals.length * 2,
): Promise<string[]> {
  const running = new RunningPackage(tool, [...target, "--count", String(count), ...args]);
  await using _ = running;
  await running.until(() => /attached, Ctrl-C/.test(running.stderr) || running.stdout !== "");
  for (const signal of signals) kill(signal);
  expect((await running.end).exitCode, running.stderr).toBe(ExitCode.Ok);
  return running.stdout.trimEnd().split("\n");
}

const nowNs = () => BigInt(Date.now()) * 1_000_000n;

describe("events of a real program", () => {
  it("has formats, views and kinds of events in its table", async () => {
    const rows = await shown(["--timestamp", "none"], [0, 9]);
    expect(rows[0]).toBe("EVENT COMMAND  ADDR                      DPORT RET       LATENCY SIG       MODE");
    const calls = rows.filter((row) => row.startsWith("CALL"));
    expect(calls[0]).toMatch(/^CALL {2}\S+ +127\.0\.0\.1 {17}443 {3}ESRCH {6}1\.25ms 0 {9}-rw-r--r--$/);
    expect(calls[1]).toMatch(/^CALL {2}\S+ +7f00:1::9 {17}443 {3}ESRCH {6}1\.25ms SIGKILL {3}-rw-r--r--$/);
    expect(rows.filter((row) => row.includes("NOTE"))).toEqual(["NOTE    0 hello\\n", "NOTE  killed by   1"]);
  });

  it("stamps events with the time that the program took, on every scale", async () => {
    const before = nowNs();
    const wall = await shown(["-o", "json", "--timestamp", "wall"], [0, 0]);
    const after = nowNs() + 2_000_000n;
    const mono = process.hrtime.bigint();
    for (const row of wall) {
      const { time } = JSON.parse(row) as { readonly time: string };
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
      const at = BigInt(Date.parse(time)) * 1_000_000n;
      expect(at).toBeGreaterThan(before - 2_000_000n);
      expect(at).toBeLessThan(after);
    }
    for (const row of await shown(["-o", "json", "--timestamp", "mono"], [0])) {
      const event = JSON.parse(row, (key, value, context?: { source: string }) =>
        key === "time" || key === "at" ? BigInt(context?.source ?? value) : value,
      ) as { readonly time: bigint; readonly at: bigint };
      expect(event.time > mono).toBe(true);
      // The clocks are read one after the other: their difference is known to the microsecond.
      expect(Math.abs(Number(event.time - event.at))).toBeLessThan(1_000_000);
    }
    const deltas = (
      await shown(["-o", "json", "--timestamp", "delta", "--filter", "sig == 0"], [0, 0, 0])
    ).map((row) => (JSON.parse(row) as { readonly time: number }).time);
    expect(deltas[0]).toBe(0);
    expect(deltas.every((delta) => Math.abs(delta) < 1e9)).toBe(true);
  });

  it("filters, chooses fields, and sorts what a bounded run has seen", async () => {
    const filtered = await shown(
      ["-o", "json", "--filter", 'sig == 9 && who != ""', "--fields", "seq,sig"],
      [0, 9, 1, 9],
      2,
    );
    // Only calls have a member `who`.
    expect(filtered.map((row) => JSON.parse(row))).toEqual([
      { buffer: "CALL", seq: 1, sig: 9 },
      { buffer: "CALL", seq: 3, sig: 9 },
    ]);
    const sorted = await shown(["-o", "csv", "--sort", "-sig,seq", "--fields", "sig,seq"], [0, 9, 1, 9]);
    expect(sorted[0]).toBe("event,sig,seq,lost");
    expect(sorted.slice(1).map((row) => row.split(",").slice(1, 3).map(Number))).toEqual([
      [9, 1],
      [9, 1],
      [9, 3],
      [9, 3],
      [1, 2],
      [1, 2],
      [0, 0],
      [0, 0],
    ]);
  });

  it("writes YAML that another reader understands", async (ctx) => {
    const rows = await shown(["-o", "yaml"], [0, 9]);
    const python = spawnSync(
      "python3",
      ["-c", "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))"],
      {
        input: rows.join("\n"),
        encoding: "utf8",
      },
    );
    if (python.status !== 0) return ctx.skip("python3-yaml is not installed");
    const events = JSON.parse(python.stdout) as { readonly buffer: string; readonly sig: number }[];
    expect(events.map(({ buffer }) => buffer).sort()).toEqual(["CALL", "CALL", "NOTE", "NOTE"]);
  });

  it("accounts for every event when nobody reads: shown or lost, said among the rows and by the exit code", async () => {
    const out = new StuckReader();
    const running = new RunningPackage(tool, [...target, "-o", "json", "--fail-on-loss"], { stdout: out });
    await using _ = running;
    await running.attached();
    const calls = 40_000;
    for (let index = 0; index < calls; index++) {
      kill(0);
      // The reader of the rings gets its turns, as it would in a process of its own.
      if (index % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 1200));
    // What is held back is bounded, whatever arrives: a mebibyte in our hands, the rest in the kernel's rings.
    expect(out.held).toBeLessThan(3 << 20);
    out.read();
    await running.until(() => out.text.includes('"type":"lost"'));
    process.emit("SIGINT");
    expect((await running.end).exitCode).toBe(ExitCode.Loss);
    const records = out.text
      .trimEnd()
      .split("\n")
      .map((row) => JSON.parse(row) as Record<string, unknown>);
    const losses = records.filter(({ type }) => type === "lost");
    const lost = losses.reduce((sum, { count }) => sum + Number(count), 0);
    expect(lost).toBeGreaterThan(0);
    expect(records.length - losses.length + lost).toBe(calls * 2);
    for (const loss of losses)
      expect(loss).toEqual({
        type: "lost",
        count: expect.any(Number),
        since: expect.stringMatching(/Z$/),
        until: expect.stringMatching(/Z$/),
        cause: "the program could not send them",
      });
    expect(running.stderr).toContain(`${records.length - losses.length} events, ${lost} lost`);
  });
});

/** Takes nothing until it is told to. */
class StuckReader extends Writable {
  text = "";
  #waiting: (() => void)[] = [];
  #reading = false;

  get held(): number {
    return this.writableLength;
  }

  read(): void {
    this.#reading = true;
    for (const done of this.#waiting.splice(0)) done();
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    if (this.#reading) done();
    else this.#waiting.push(done);
  }
}
