import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runScriptInVm, VM_KERNELS, vmUnavailable } from "../../../../test/vm.ts";
import type { Plan, Report } from "./in-vm/same-work.ts";
import { NativeProgram } from "./native.ts";

const script = fileURLToPath(new URL("in-vm/same-work.ts", import.meta.url));

/** Programs that the scripts call, and flags for the compiler. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = { tcp: [], collector: ["-no-pie"] };

/** `ESTABLISHED` of `ESTABLISHED(1)`. */
const name = (value: unknown) => String(value).replace(/\(.*/, "");

const tracing = ["fentry", "kprobe"];

/** The first rung is chosen without a word. */
const chosen = (rung: string) => (rung === "fentry" ? [] : ["--rung", rung]);

/** A cable of 20 milliseconds to a server that is there before any tool; 10.77.0.9 never answers. */
const SETUP = `
  ip link set lo up
  ip netns add far
  ip link add near type veth peer name other netns far
  ip addr add 10.77.0.1/24 dev near
  ip addr add fd77::1/64 dev near nodad
  ip link set near up
  ip -n far addr add 10.77.0.2/24 dev other
  ip -n far addr add fd77::2/64 dev other nodad
  ip -n far link set other up
  tc qdisc add dev near root netem delay 20ms
  ip neigh add 10.77.0.9 lladdr 02:00:00:00:00:99 dev near
  ip route add unreachable 10.99.0.0/24
  mkdir -p /tmp/rungs
  ip netns exec far \${TCP} echo 10.77.0.2 7000 > /tmp/rungs/server 2> /dev/null &
  while ! grep -q ready /tmp/rungs/server; do sleep 0.1; done`;

/** `${TCP}` is the path of native/tcp.c, compiled. */
const WORK = `
  cat /tmp/rungs/server
  \${TCP} send 10.77.0.2 7000 1000 10 < /dev/null
  \${TCP} connect 10.77.0.2 81
  \${TCP} connect fd77::2 81
  \${TCP} connect 10.77.0.9 81 300
  \${TCP} connect 10.99.0.1 80
  echo go | \${COLLECTOR} 100`;

/** `tcpconnlat fentry`: the name of a run, and its arguments. */
const runsOn = (kernel: string): Plan["runs"] => ({
  ...Object.fromEntries(
    [...tracing, "tracepoint"].flatMap((rung) => [
      [`tcpconnlat ${rung}`, ["tcpconnlat", "--comm", "tcp", ...chosen(rung)]],
      [`tcprtt ${rung}`, ["tcprtt", "--rports", "7000", "--by", "remote", ...chosen(rung)]],
      ...(rung === "tracepoint" && kernel !== "6.12"
        ? []
        : [[`tcptop ${rung}`, ["tcptop", "--comm", "tcp", ...chosen(rung)]]]),
    ]),
  ),
  tcpstates: ["tcpstates"],
  javagc: ["javagc", "--binary", `\${COLLECTOR}`, "--pools"],
});

function check({ work, results }: Report, kernel: string): void {
  const said = work
    .split("\n")
    .filter((line) => line.startsWith('{"pid"'))
    .map((line) => JSON.parse(line) as { pid: number; error: number; ns: number });
  const server = Number(/ready (\d+)/.exec(work)?.[1]);
  const client = said[0]!.pid;
  expect(said.map(({ error }) => error)).toEqual([0, 111, 111, 115, 113]);

  for (const [run, { stderr }] of Object.entries(results)) {
    const [, rung] = run.split(" ");
    if (rung !== undefined) expect(stderr, run).toContain(`uses ${rung}`);
  }
  for (const rung of [...tracing, "tracepoint"]) {
    const attempts = results[`tcpconnlat ${rung}`]!.events;
    const expected = ["connected", "refused", "refused", "given_up", "unreachable"];
    // Without a route there is no SYN, which the tracepoint could tell of.
    const seen = said.slice(0, rung === "tracepoint" ? 4 : 5);
    expect(
      seen.map(({ pid }) => attempts.filter((one) => one.pid === pid).map(({ result }) => name(result))),
      `tcpconnlat ${rung}`,
    ).toEqual(seen.map((_, index) => [expected[index]]));
    expect(attempts).toHaveLength(seen.length);
    for (const [index, { pid, ns }] of seen.slice(0, 4).entries()) {
      const { latency_ns, lport } = attempts.find((one) => one.pid === pid)!;
      expect(latency_ns).toBeLessThanOrEqual(ns);
      expect(latency_ns).toBeGreaterThanOrEqual([20e6, 20e6, 20e6, 300e6][index]!);
      expect(lport).toBeGreaterThan(1023);
    }
  }

  const rtt = (rung: string) =>
    results[`tcprtt ${rung}`]!.events.reduce<{
      samples: number;
      total: number;
      low: number;
      family: unknown;
    }>(
      (sum, { value, buckets, key }) => {
        const { samples, total_us } = value as { samples: number; total_us: number };
        const used = (buckets as { low: number; count: number }[]).filter(({ count }) => count > 0);
        return {
          samples: sum.samples + samples,
          total: sum.total + total_us,
          low: Math.min(sum.low, ...used.map(({ low }) => low)),
          family: (key as { family: number }).family,
        };
      },
      { samples: 0, total: 0, low: Number.POSITIVE_INFINITY, family: 0 },
    );
  expect(rtt("fentry").samples).toBeGreaterThanOrEqual(10);
  expect(rtt("fentry").family).toBe(2);
  // The slot of 20 ms begins at 16384 us; a slow machine adds its own time.
  expect(rtt("fentry").low).toBeGreaterThanOrEqual(16384);
  expect(rtt("fentry").total / rtt("fentry").samples).toBeGreaterThanOrEqual(20_000);
  // A probe or tracepoint that interrupts another program on its CPU is passed over (kernel/trace/bpf_trace.c, trace_call_bpf).
  for (const rung of ["kprobe", "tracepoint"]) {
    expect([0, 1], rung).toContain(rtt("fentry").samples - rtt(rung).samples);
    expect(rtt("fentry").total - rtt(rung).total, rung).toBeGreaterThanOrEqual(0);
    expect({ ...rtt(rung), samples: 0, total: 0 }).toEqual({ ...rtt("fentry"), samples: 0, total: 0 });
  }

  for (const rung of kernel === "6.12" ? [...tracing, "tracepoint"] : tracing) {
    const bytes = (pid: number) =>
      results[`tcptop ${rung}`]!.events.filter(({ key }) => (key as { pid: number }).pid === pid)
        .map(({ value }) => value as { received: number; sent: number })
        .reduce((sum, { received, sent }) => ({ received: sum.received + received, sent: sum.sent + sent }), {
          received: 0,
          sent: 0,
        });
    expect(bytes(client), `tcptop ${rung}`).toEqual({ received: 10_000, sent: 10_000 });
    expect(bytes(server), `tcptop ${rung}`).toEqual({ received: 10_000, sent: 10_000 });
  }

  const steps = (pid: number) =>
    results
      .tcpstates!.events.filter((one) => one.pid === pid && (one.lport === 7000 || one.rport === 7000))
      .map(({ new_state }) => name(new_state));
  expect(steps(client)).toEqual(["SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "CLOSE"]);
  expect(steps(server).filter((state) => state !== "CLOSE")).toEqual([
    "SYN_RECV",
    "ESTABLISHED",
    "CLOSE_WAIT",
    "LAST_ACK",
  ]);

  expect(results.javagc!.events.map(({ collector, pool, full }) => [collector, pool, full])).toEqual([
    ["Slow", "Old Space", true],
    ["Slow", "CodeCache", true],
    ["Slow", "", true],
    ["Cycles", "Heap", false],
    ["Cycles", "", false],
  ]);
  expect(results.javagc!.events[2]!.duration_ns).toBeGreaterThan(200e6);
}

describe.each(VM_KERNELS)("on Linux %s", (kernel) => {
  const programs = new Map<string, NativeProgram>();
  beforeAll(() => {
    for (const [program, flags] of Object.entries(PROGRAMS))
      programs.set(program.toUpperCase(), new NativeProgram(program, flags));
  });
  afterAll(() => {
    for (const program of programs.values()) program[Symbol.dispose]();
  });

  const filled = (text: string) =>
    text.replace(/\$\{([A-Z]+)\}/g, (_, program: string) => programs.get(program)?.path ?? "");

  it("every rung of tcpconnlat, tcpstates, tcprtt, tcptop and javagc tells the same", async (context) => {
    const reason = await vmUnavailable(kernel);
    if (reason !== undefined) return context.skip(reason);
    const plan: Plan = { setup: SETUP, runs: runsOn(kernel), work: WORK };
    const report = await runScriptInVm<Report>(kernel, script, JSON.parse(filled(JSON.stringify(plan))));
    expect(report.complaints).toBe("");
    for (const [run, { code, stderr }] of Object.entries(report.results))
      expect(code, `${run}: ${stderr}`).toBe(0);
    check(report, kernel);
  });
});
