import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { NativeProgram } from "./native.ts";
import { NetworkPair } from "./network-pair.ts";
import { table, trace } from "./trace.ts";

interface Change {
  readonly pid: number;
  readonly comm: string;
  readonly in_state_ns: number | null;
  readonly socket: number;
  readonly old_state: string;
  readonly new_state: string;
  readonly family: number;
  readonly lport: number;
  readonly rport: number;
  readonly raddr: string;
}

/** Of libbpf-tools. */
const PEER = "/usr/sbin/tcpstates";

/** `ESTABLISHED` of `ESTABLISHED(1)`. */
const name = (state: string) => state.replace(/\(.*/, "");

/** `SYN_SENT ESTABLISHED`, for the changes of a socket in their order. */
const steps = (changes: readonly Change[]) => changes.map(({ new_state }) => name(new_state));

/** The active side closes first. */
const ACTIVE = ["SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "CLOSE"];
const PASSIVE = ["SYN_RECV", "ESTABLISHED", "CLOSE_WAIT", "LAST_ACK", "CLOSE"];

describe("tcpstates", () => {
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

  const echo = (address: string, port: number) =>
    net.ready(net.server, program.path, "echo", address, String(port));
  const send = (namespace: string, address: string, port: number) =>
    net.ready(namespace, program.path, "send", address, String(port), "100", "3");
  async function finish(client: ChildProcess, server: ChildProcess): Promise<void> {
    const ended = [once(client, "exit"), once(server, "exit")];
    client.stdin?.write("end\n");
    await Promise.all(ended);
  }

  it.each([
    ["IPv4", "10.77.0.2", 2],
    ["IPv6", "fd77::2", 10],
  ] as const)(
    "shows every change of both ends of a connection over %s, each as its owner's",
    async (_, address, family) => {
      let [client, server] = [0, 0];
      const { events } = await trace<Change>(["tcpstates"], async () => {
        const one = await echo(address, 9000);
        const other = await send(net.client, address, 9000);
        [client, server] = [other.pid ?? -1, one.pid ?? -1];
        await new Promise((resolve) => setTimeout(resolve, 300));
        await finish(other, one);
        return (all) =>
          [client, server].every((pid) =>
            all.some((one) => one.pid === pid && name(one.new_state) === "CLOSE"),
          );
      });
      const ours = events.filter(({ lport, rport }) => lport === 9000 || rport === 9000);
      const active = ours.filter(({ rport }) => rport === 9000);
      const passive = ours.filter(({ lport, rport }) => lport === 9000 && rport !== 0);
      const listening = ours.filter(({ rport }) => rport === 0);
      expect(steps(active)).toEqual(ACTIVE);
      expect(steps(passive)).toEqual(PASSIVE);
      expect(steps(listening)).toEqual(["LISTEN", "CLOSE"]);
      expect(active.every(({ pid, comm }) => pid === client && comm === "tcp")).toBe(true);
      expect([...passive, ...listening].every(({ pid }) => pid === server)).toBe(true);
      expect(ours.every((event) => event.family === family)).toBe(true);
      // It was open for at least the time that we waited, and each state begins where the one before ended.
      expect(active[2]?.in_state_ns).toBeGreaterThanOrEqual(300e6);
      expect(passive[2]?.in_state_ns).toBeGreaterThanOrEqual(300e6);
      expect(
        [active, passive].map((all) => all.slice(1).every(({ in_state_ns }) => Number(in_state_ns) > 0)),
      ).toEqual([true, true]);
      // When it came into being nobody knows.
      expect([active, passive, listening].map(([first]) => first?.in_state_ns)).toEqual([null, null, null]);
    },
  );

  it("knows both owners on the loopback, where packets arrive while the other end's process runs", async () => {
    let [client, server] = [0, 0];
    const { events } = await trace<Change>(["tcpstates", "--lports", "9001"], async () => {
      const one = await echo("127.0.0.1", 9001);
      const other = await send(net.server, "127.0.0.1", 9001);
      [client, server] = [other.pid ?? -1, one.pid ?? -1];
      await finish(other, one);
      return (all) => steps(all).filter((state) => state === "CLOSE").length === 2;
    });
    expect(events.map(({ pid }) => pid)).toEqual(events.map(() => server));
    expect(steps(events.filter(({ rport }) => rport !== 0))).toEqual(PASSIVE);
    expect(client).not.toBe(server);
  });

  it("knows whose the sockets are that were there before it", async () => {
    const server = await echo("10.77.0.2", 9002);
    const client = await send(net.client, "10.77.0.2", 9002);
    const { events } = await trace<Change>(["tcpstates"], async () => {
      await finish(client, server);
      return (all) =>
        all.filter(
          ({ new_state, lport, rport }) => name(new_state) === "CLOSE" && [lport, rport].includes(9002),
        ).length === 3;
    });
    const ours = events.filter(({ lport, rport }) => [lport, rport].includes(9002));
    const active = ours.filter(({ rport }) => rport === 9002);
    expect(steps(active)).toEqual(ACTIVE.slice(2));
    expect(active.every(({ pid }) => pid === client.pid)).toBe(true);
    const others = ours.filter(({ lport }) => lport === 9002);
    expect(others.every(({ pid }) => pid === server.pid)).toBe(true);
    expect(active[0]?.in_state_ns).toBe(null);
  });

  it("keeps its columns with the longest addresses, and shows the time of day under TIME", async () => {
    const addresses = ["fd77:1111:2222:3333:4444:5555:6666:7771", "fd77:1111:2222:3333:4444:5555:6666:7772"];
    net.ip(net.client, "addr", "replace", `${addresses[0]}/64`, "dev", net.near, "nodad");
    net.ip(net.server, "addr", "replace", `${addresses[1]}/64`, "dev", net.far, "nodad");
    const text = await table(["tcpstates", "--ipv6", "--comm", "tcp"], async () => {
      for (const address of ["fd77::2", addresses[1]!]) {
        const server = await echo(address, 9005);
        await finish(await send(net.client, address, 9005), server);
      }
      return (seen) => [...seen.matchAll(/(LAST_ACK|FIN_WAIT2|LISTEN) +CLOSE /g)].length === 6;
    });
    const [header = "", ...rows] = text.trim().split("\n");
    expect(header).toMatch(/^TIME +PID +COMM +OLDSTATE +NEWSTATE +DURATION +LADDR +LPORT +RADDR +RPORT$/);
    const long = rows.filter((row) => row.includes(addresses[1]!));
    expect(long.length).toBeGreaterThanOrEqual(10);
    for (const row of rows) {
      expect(row).toMatch(/^\d\d:\d\d:\d\d \d/);
      for (const column of ["PID", "COMM", "OLDSTATE", "NEWSTATE", "LADDR"]) {
        const at = header.indexOf(column);
        expect(row.slice(at - 1, at + 1), `${column}: ${row}`).toMatch(/^ \S$/);
      }
    }
    // What nobody saw begin has no duration, which is not the same as one of 0.
    const duration = (row: string) =>
      row
        .slice(header.indexOf("NEWSTATE") + "NEWSTATE".length, header.indexOf("LADDR"))
        .replace(/^\S* /, "")
        .trim();
    const begins = rows.filter((row) => /CLOSE +SYN_SENT|CLOSE +LISTEN|LISTEN +SYN_RECV/.test(row));
    expect(begins).toHaveLength(6);
    for (const row of rows)
      expect(duration(row), row).toMatch(begins.includes(row) ? /^$/ : /^[\d.]+[num]?s$/);
    // Nothing is cut.
    for (const address of addresses) expect(text).toContain(address);
  });

  it("writes CSV", async () => {
    await using skep = new SkepProcess(["run", "tcpstates", "--rports", "9006", "-o", "csv"]);
    await skep.until(({ stdout }) => stdout.startsWith("at,"));
    const server = await echo("10.77.0.2", 9006);
    const client = await send(net.client, "10.77.0.2", 9006);
    await finish(client, server);
    await skep.until(({ stdout }) => stdout.includes("FIN_WAIT2,CLOSE,"));
    expect((await skep.end()).code, skep.stderr).toBe(0);
    const [header = "", ...rows] = skep.stdout.trim().split("\n");
    const column = header.split(",").indexOf("new_state");
    expect(rows.map((row) => row.split(",")[column])).toEqual(ACTIVE);
    expect(rows.map((row) => row.split(",")[column - 2])).toEqual(ACTIVE.map(() => String(client.pid)));
    const lasted = header.split(",").indexOf("in_state_ns");
    expect(rows.map((row) => row.split(",")[lasted] === "")).toEqual([true, false, false, false, false]);
  });

  it("shows only what its filters ask for", async () => {
    const work = (port: number) => async () => {
      for (const address of ["10.77.0.2", "fd77::2"]) {
        const server = await echo(address, port);
        await finish(await send(net.client, address, port), server);
      }
      return (all: readonly Change[]) => steps(all).includes("CLOSE");
    };
    const kinds = (changes: readonly Change[]) => [
      ...new Set(changes.map(({ family, lport }) => `${family} ${lport < 10_000 ? lport : "client"}`)),
    ];
    const of = async (...args: string[]) =>
      kinds((await trace<Change>(["tcpstates", ...args], work(9003))).events);
    expect(await of("-6", "--lports", "9003")).toEqual(["10 9003"]);
    expect(await of("--rports", "1,9003", "--raddrs", "10.77.0.0/24")).toEqual(["2 0", "2 client"]);
    expect(await of("--rports", "9003", "--laddrs", "fd77::1")).toEqual(["10 0", "10 client"]);
  });

  it("sees the changes that libbpf-tools' tcpstates sees, and knows better whose they are", async (context) => {
    if (!existsSync(PEER)) return context.skip("no libbpf-tools here");
    const peer = spawn("stdbuf", ["-oL", PEER, "--wide", "--localport", "9004"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let printed = "";
    peer.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    const closed = once(peer, "close");
    while (!printed.includes("SKADDR")) await once(peer.stdout, "data");
    let owner = -1;
    const { events } = await trace<Change>(["tcpstates", "--lports", "9004"], async () => {
      const server = await echo("10.77.0.2", 9004);
      owner = server.pid ?? -1;
      await finish(await send(net.client, "10.77.0.2", 9004), server);
      return (all) => steps(all).filter((state) => state === "CLOSE").length === 2;
    });
    peer.kill("SIGINT");
    await closed;
    const theirs = [...printed.matchAll(/^\S+ +(\d+) .* (\S+) +-> (\S+) /gm)];
    expect(theirs.map(([, , old, now]) => `${old} ${now}`)).toEqual(
      events.map(({ old_state, new_state }) => `${name(old_state)} ${name(new_state)}`),
    );
    expect(events.every(({ pid }) => pid === owner)).toBe(true);
    // On behalf of packets it names whoever was interrupted.
    expect(theirs.some(([, pid]) => Number(pid) !== owner)).toBe(true);
  });
});
