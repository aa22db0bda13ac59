import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { HelperProcess } from "./helper-process.ts";
import { counted, looks, total } from "./looks.ts";
import { NativeProgram } from "./native.ts";

interface Key {
  readonly pid?: number;
  readonly tid?: number;
}
interface Value {
  readonly comm?: string;
  readonly calls: number;
  readonly total_ns: number;
}

let functions: NativeProgram;

beforeAll(() => {
  functions = new NativeProgram("functions");
});

afterAll(() => functions[Symbol.dispose]());

const probe = (name: string) => ["funclatency", "--binary", functions.path, "--function", name];

describe("funclatency of a program's function", () => {
  it("counts every call once, and takes its time", async () => {
    await using helper = new HelperProcess(functions.path);
    await helper.asleep();
    const entries = await looks<Key, Value>([...probe("naps"), "--interval", "100ms"], () => helper.work());
    expect(total(entries, "calls")).toBe(25);
    expect(counted(entries)).toBe(25);
    expect(total(entries, "total_ns")).toBeGreaterThanOrEqual(20 * 2e6 + 5 * 40e6);
    // No nap is shorter than it was asked for; five are much longer.
    expect(counted(entries, 2 ** 20)).toBe(25);
    expect(counted(entries, 2 ** 25)).toBeGreaterThanOrEqual(5);
  });

  it("follows a function into itself", async () => {
    await using helper = new HelperProcess(functions.path);
    await helper.asleep();
    const entries = await looks<Key, Value>([...probe("descends"), "--unit", "usecs"], () => helper.work());
    expect(total(entries, "calls")).toBe(30);
    // Each call is as long as all those inside it together and its own millisecond: 1 + 2 + … + 10 ms, three times.
    expect(total(entries, "total_ns")).toBeGreaterThanOrEqual(3 * 55e6);
    expect(counted(entries, 8192)).toBeGreaterThanOrEqual(3);
  });

  it("is not confused by calls that never return", async () => {
    await using helper = new HelperProcess(functions.path);
    await helper.asleep();
    const entries = await looks<Key, Value>(probe("leaves"), () => helper.work());
    expect(total(entries, "calls")).toBe(7);
    // Each takes about 0.1 ms; all 47 together would be ten times as much.
    expect(total(entries, "total_ns")).toBeGreaterThanOrEqual(7e5);
  });

  it("keeps processes and threads apart, in the unit that is asked for", async () => {
    await using one = new HelperProcess(functions.path);
    await using other = new HelperProcess(functions.path);
    await one.asleep();
    await other.asleep();
    const args = [...probe("naps"), "--per", "thread", "--unit", "msecs"];
    const entries = await looks<Key, Value>(args, async () => {
      await one.work();
      await Promise.all([one.work(), other.work()]);
    });
    const of = (pid: number) => entries.filter(({ key }) => key.pid === pid);
    expect(total(of(one.pid), "calls")).toBe(50);
    expect(total(of(other.pid), "calls")).toBe(25);
    for (const { key, value, unit } of entries) {
      expect(key.tid).toBe(key.pid);
      expect(value.comm).toBe("functions");
      expect(unit).toBe("msecs");
    }
    const filtered = await looks<Key, Value>([...probe("naps"), "--pid", String(one.pid)], () =>
      Promise.all([one.work(), other.work()]).then(() => {}),
    );
    expect(total(filtered, "calls")).toBe(25);
  });
});

describe("funclatency without a function", () => {
  it("says what to add", async () => {
    const skep = new SkepProcess(["run", "funclatency"]);
    const { code } = await skep.exit();
    expect([64, 69]).toContain(code);
    expect(skep.stderr).toMatch(/add --binary PATH and --function NAME|--function NAME/);
  });
});
