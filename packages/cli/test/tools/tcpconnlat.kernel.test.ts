import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { NativeProgram } from "./native.ts";
import { NetworkPair } from "./network-pair.ts";
import { trace } from "./trace.ts";

interface Attempt {
  readonly pid: number;
  readonly comm: string;
  readonly result: string;
  readonly error: number;
  readonly latency_ns: number;
  readonly family: number;
  readonly lport: number;
  readonly rport: number;
  readonly laddr: string;
  readonly raddr: string;
}

/** What the client says of itself. */
interface Said {
  readonly pid: number;
  readonly error: number;
  readonly ns: number;
  readonly lport: number;
}

const [AF_INET, AF_INET6] = [2, 10];
const [ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, EINPROGRESS] = [111, 110, 113, 115];

/** How many SYNs were dropped for want of room, in the namespace of a process (proc_pid_net(5)). */
function overflows(pid = 0): number {
  const [names, values] = readFileSync(`/proc/${pid}/net/netstat`, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("TcpExt:"))
    .map((line) => line.split(" "));
  return Number(values?.[names?.indexOf("ListenOverflows") ?? 0]);
}

describe("tcpconnlat", () => {
  let net: NetworkPair;
  let program: NativeProgram;
  beforeAll(() => {
    program = new NativeProgram("tcp");
    net = new NetworkPair();
    net.sysctl(net.client, "net.ipv4.tcp_syn_retries", 1);
  });
  afterAll(() => {
    net[Symbol.dispose]();
    program[Symbol.dispose]();
  });

  const listen = (...args: readonly string[]) => net.ready(net.server, program.path, "listen", ...args);
  const connect = async (...args: readonly string[]) =>
    JSON.parse((await net.run(net.client, program.path, "connect", ...args)).stdout) as Said;

  /** The last attempt is always one that is shown. */
  async function attempts(args: readonly string[], work: () => Promise<readonly Said[]>) {
    let said: readonly Said[] = [];
    const { events } = await trace<Attempt>(["tcpconnlat", "--comm", "tcp", ...args], async () => {
      said = await work();
      return (seen) => seen.some(({ pid }) => pid === said.at(-1)?.pid);
    });
    return { said, seen: events, of: (one: Said) => events.filter(({ pid }) => pid === one.pid) };
  }

  it("tells success, refusal and silence apart, in IPv4 and IPv6, with how long each took", async () => {
    await listen("10.77.0.2", "8080", "8");
    await listen("fd77::2", "8080", "8");
    const { said, of } = await attempts([], async () => {
      const silent = Promise.all([connect("10.77.0.9", "81"), connect("fd77::9", "81")]);
      return [
        await connect("10.77.0.2", "8080"),
        await connect("fd77::2", "8080"),
        await connect("10.77.0.2", "81"),
        await connect("fd77::2", "81"),
        await connect("10.77.0.9", "81", "300"),
        ...(await silent),
      ];
    });
    expect(said.map(({ error }) => error)).toEqual([
      0,
      0,
      ECONNREFUSED,
      ECONNREFUSED,
      EINPROGRESS,
      ETIMEDOUT,
      ETIMEDOUT,
    ]);
    const events = said.map((one) => of(one));
    expect(
      events.map((all) => all.map(({ result, error, family, rport }) => [result, error, family, rport])),
    ).toEqual([
      [["connected(0)", 0, AF_INET, 8080]],
      [["connected(0)", 0, AF_INET6, 8080]],
      [["refused(1)", ECONNREFUSED, AF_INET, 81]],
      [["refused(1)", ECONNREFUSED, AF_INET6, 81]],
      [["given_up(4)", 0, AF_INET, 81]],
      [["timed_out(2)", ETIMEDOUT, AF_INET, 81]],
      [["timed_out(2)", ETIMEDOUT, AF_INET6, 81]],
    ]);
    for (const [index, [event]] of events.entries()) {
      // What the caller waited is the longest that it can have been.
      expect(event?.latency_ns).toBeLessThanOrEqual(said[index]!.ns);
      expect(event?.comm).toBe("tcp");
      expect(event?.lport).toBeGreaterThan(1023);
    }
    expect(events.slice(0, 2).map(([event]) => event?.lport)).toEqual(
      said.slice(0, 2).map(({ lport }) => lport),
    );
    expect(events[0]?.[0]?.laddr).toBe("10.77.0.1");
    expect(events[0]?.[0]?.raddr).toBe("10.77.0.2");
    expect(events[1]?.[0]?.raddr).toBe("fd77::2");
    expect(events[4]?.[0]?.latency_ns).toBeGreaterThanOrEqual(300e6);
    // One SYN, a second one after a second, and a second of waiting for its answer.
    for (const all of events.slice(5)) expect(all[0]?.latency_ns).toBeGreaterThan(1.9e9);
  });

  it("measures a server that is slow to let one in, and knows what a router says", async () => {
    net.sysctl(net.server, "net.ipv4.ip_forward", 1);
    net.ip(net.server, "route", "add", "unreachable", "10.99.0.0/24");
    net.ip(net.client, "route", "add", "10.99.0.0/24", "via", "10.77.0.2");
    // Room for one connection that is not accepted yet: the next one's SYN is dropped, and comes again after a second.
    const server = await listen("10.77.0.2", "8081", "0");
    const { said, of } = await attempts([], async () => {
      const first = await connect("10.77.0.2", "8081");
      const second = connect("10.77.0.2", "8081");
      while (overflows(server.pid) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      server.stdin?.write("accept\n");
      return [first, await second, await connect("10.99.0.1", "80")];
    });
    const [quick, slow] = said;
    expect(of(quick!)[0]?.latency_ns).toBeLessThanOrEqual(quick!.ns);
    expect(of(slow!)[0]?.latency_ns).toBeLessThanOrEqual(slow!.ns);
    expect(of(slow!)[0]?.latency_ns).toBeGreaterThan(0.99e9);
    expect(of(said[2]!).map(({ result, error }) => [result, error])).toEqual([
      ["unreachable(3)", EHOSTUNREACH],
    ]);
  });

  it("has examples that are its own, and that its own flags understand", async () => {
    const help = new SkepProcess(["run", "tcpconnlat", "--help"]);
    expect((await help.exit()).code).toBe(0);
    expect(help.stdout).toContain("-P, --rports <PORT,…>");
    const [, examples = ""] = help.stdout.split("Examples:\n");
    const lines = examples.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(3);
    for (const line of lines) expect(line).toMatch(/^ {2}sudo skep run tcpconnlat -/);
    for (const [flag] of examples.matchAll(/--[a-z]+/g))
      expect(help.stdout.split("Examples:")[0]).toContain(flag);
  });

  it("shows only what its filters ask for", async () => {
    await listen("10.77.0.2", "8082", "8");
    const ports = await attempts(["--rports", "83,84"], async () => [
      await connect("10.77.0.2", "82"),
      await connect("10.77.0.2", "83"),
      await connect("fd77::2", "84"),
    ]);
    expect(ports.seen.map(({ rport }) => rport)).toEqual([83, 84]);
    const networks = await attempts(["--raddrs", "fd77::/16,10.77.0.9", "-x"], async () => [
      await connect("10.77.0.2", "82"),
      await connect("10.77.0.9", "82", "50"),
      await connect("fd77::2", "84"),
    ]);
    expect(networks.seen.map(({ result }) => result)).toEqual(["given_up(4)", "refused(1)"]);
    const failures = await attempts(["--unsuccessful", "--min", "40ms"], async () => [
      await connect("10.77.0.2", "8082"),
      await connect("10.77.0.2", "82"),
      await connect("10.77.0.9", "82", "50"),
    ]);
    expect(failures.seen.map(({ pid }) => pid)).toEqual([failures.said[2]!.pid]);
  });
});
