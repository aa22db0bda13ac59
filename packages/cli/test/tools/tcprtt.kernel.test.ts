import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { NativeProgram } from "./native.ts";
import { NetworkPair } from "./network-pair.ts";
import { trace } from "./trace.ts";

interface Histogram {
  readonly key: {
    readonly family: number;
    readonly local?: string;
    readonly remote?: string;
  };
  readonly value: { readonly samples: number; readonly total_us: number; readonly mean: number };
  readonly unit: string;
  readonly percentiles: readonly { readonly percent: number; readonly most: number }[];
  readonly buckets: readonly { readonly low: number; readonly high: number; readonly count: number }[];
}

const TIMES = 40;

describe("tcprtt", () => {
  let net: NetworkPair;
  let program: NativeProgram;
  beforeAll(() => {
    program = new NativeProgram("tcp");
    net = new NetworkPair();
  });
  afterAll(() => {
    net[Symbol.dispose]();
    program[Symbol.dispose]();
  });

  /** Goes to and fro. @returns what the kernel says of the connection in the end, microseconds */
  async function talk(address: string, port: number): Promise<number> {
    const server = await net.ready(net.server, program.path, "echo", address, String(port));
    const client = net.spawn(net.client, program.path, "send", address, String(port), "100", String(TIMES));
    let said = "";
    client.stdout?.on("data", (text) => {
      said += text;
    });
    const ended = [once(client, "exit"), once(server, "exit")];
    while (!said.includes("rtt_us")) await once(client.stdout!, "data");
    client.stdin?.write("end\n");
    await Promise.all(ended);
    return Number(/"rtt_us": (\d+)/.exec(said)?.[1]);
  }

  const [V4_CLIENT, V4_SERVER, V6_CLIENT, V6_SERVER] = ["10.77.0.1", "10.77.0.2", "fd77::1", "fd77::2"];

  /** What was counted for each key, over all looks. */
  function sums(all: readonly Histogram[]): Map<string, Histogram> {
    const result = new Map<string, Histogram>();
    for (const one of all) {
      const key = `${one.key.local ?? ""} ${one.key.remote ?? ""}`.trim();
      const before = result.get(key);
      const samples = one.value.samples + (before?.value.samples ?? 0);
      result.set(key, {
        ...one,
        value: { ...one.value, samples },
        buckets: [...one.buckets, ...(before?.buckets ?? [])],
      });
    }
    return result;
  }

  it("keeps a histogram for each address, in which the kernel's own figure lies", async () => {
    const rtts: number[] = [];
    const { events } = await trace<Histogram>(
      ["tcprtt", "--by", "both", "--interval", "500ms", "--rports", "7000,7001"],
      async () => {
        rtts.push(await talk("10.77.0.2", 7000), await talk("fd77::2", 7001));
        return (seen) => sums(seen).has(`${V6_CLIENT} ${V6_SERVER}`);
      },
    );
    const counted = sums(events);
    expect([...counted.keys()].sort()).toEqual([`${V4_CLIENT} ${V4_SERVER}`, `${V6_CLIENT} ${V6_SERVER}`]);
    for (const [index, { value, buckets, unit }] of [...counted.values()].entries()) {
      expect(unit).toBe("usecs");
      // Each answer is a segment that arrives; acknowledgements that travel alone come on top.
      expect(value.samples).toBeGreaterThanOrEqual(TIMES);
      expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(value.samples);
      const used = buckets.filter(({ count }) => count > 0);
      expect(Math.min(...used.map(({ low }) => low))).toBeLessThanOrEqual(rtts[index]!);
      expect(Math.max(...used.map(({ high }) => high))).toBeGreaterThanOrEqual(rtts[index]!);
    }
    for (const { percentiles, buckets } of events) {
      expect(percentiles.map(({ percent }) => percent)).toEqual([50, 90, 99, 99.9]);
      const highest = Math.max(...buckets.filter(({ count }) => count > 0).map(({ high }) => high));
      expect(percentiles.at(-1)?.most).toBe(highest);
    }
    for (const { value } of events) expect(value.mean).toBeCloseTo(value.total_us / value.samples, 6);
  });

  it("counts by one end, and both families at once", async () => {
    const { events } = await trace<Histogram>(
      [
        "tcprtt",
        "--by",
        "local",
        "--unit",
        "msecs",
        "--laddrs",
        "fd77::1,10.77.0.0/24",
        "--lports",
        "7002,7003",
      ],
      async () => {
        await talk("10.77.0.2", 7002);
        await talk("fd77::2", 7003);
        return (seen) => sums(seen).size > 0;
      },
    );
    // The server's ports, but only one of its addresses.
    expect([...sums(events).keys()]).toEqual([V4_SERVER]);
    expect(events.map(({ unit }) => unit)).toEqual(events.map(() => "msecs"));
  });

  it("ends after --duration, and knows an address from a typing error", async () => {
    const timed = new SkepProcess(["run", "tcprtt", "--duration", "300ms"]);
    expect((await timed.exit()).code).toBe(0);
    const wrong = new SkepProcess(["run", "tcprtt", "--raddrs", "10.0.0.256"]);
    expect((await wrong.exit()).code).toBe(64);
    expect(wrong.stderr).toContain('--raddrs: "10.0.0.256" is no address');
  });
});
