import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { featuresOf, hostKernel } from "@skep/bpf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NativeProgram } from "./native.ts";
import { NetworkPair } from "./network-pair.ts";
import { runToEnd, trace } from "./trace.ts";

interface Traffic {
  readonly key: {
    readonly pid?: number;
    readonly comm?: string;
    readonly family: number;
    readonly lport?: number;
    readonly rport?: number;
    readonly raddr?: string;
  };
  readonly value: { readonly received: number; readonly sent: number; readonly total_bytes: number };
}

const [BYTES, TIMES] = [1000, 25];
const ALL = BYTES * TIMES;

const kernel = hostKernel();
const reason =
  featuresOf(kernel).kprobes || existsSync(`${kernel.tracefs}/events/sock/sock_send_length`)
    ? undefined
    : "this kernel has neither kprobes nor sock:sock_send_length (Linux 6.3)";

describe.skipIf(reason !== undefined)("tcptop", () => {
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

  /** Sends so much there and back. @returns the process ids of both ends */
  async function talk(address: string, port: number) {
    const server = await net.ready(net.server, program.path, "echo", address, String(port));
    const args = ["send", address, String(port), String(BYTES), String(TIMES)];
    const client = net.spawn(net.client, program.path, ...args);
    client.stdout?.resume();
    const ended = [once(client, "exit"), once(server, "exit")];
    client.stdin?.end("end\n");
    await Promise.all(ended);
    return { client: client.pid ?? -1, server: server.pid ?? -1 };
  }

  /** What looks at the map come to for the entries that are meant. */
  function sum(all: readonly Traffic[], isMeant: (key: Traffic["key"]) => boolean) {
    const values = all.filter(({ key }) => isMeant(key)).map(({ value }) => value);
    const total = (member: keyof Traffic["value"]) => values.reduce((sum, value) => sum + value[member], 0);
    return { received: total("received"), sent: total("sent"), total_bytes: total("total_bytes") };
  }

  const EXACTLY = { received: ALL, sent: ALL, total_bytes: 2 * ALL };

  it.each([
    ["IPv4", "10.77.0.2", 2],
    ["IPv6", "fd77::2", 10],
  ] as const)(
    "counts each byte over %s once at each end, and no byte that was only looked at",
    async (_, address, family) => {
      let pids = { client: -1, server: -1 };
      const { events } = await trace<Traffic>(["tcptop", "--interval", "300ms"], async () => {
        pids = await talk(address, 6000);
        return (seen) => sum(seen, ({ pid }) => pid === pids.server).total_bytes >= 2 * ALL;
      });
      const client = events.filter(({ key }) => key.rport === 6000);
      const server = events.filter(({ key }) => key.lport === 6000);
      expect(sum(client, ({ pid, comm }) => pid === pids.client && comm === "tcp")).toEqual(EXACTLY);
      expect(sum(server, ({ pid, comm }) => pid === pids.server && comm === "tcp")).toEqual(EXACTLY);
      expect([...client, ...server].every(({ key }) => key.family === family)).toBe(true);
      expect(sum([...client, ...server], () => true).total_bytes).toBe(4 * ALL);
    },
  );

  it("counts the first bytes of a connection that was there before it", async () => {
    const server = createServer((socket) => void socket.resume());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const client = connect(port, "127.0.0.1");
    await once(client, "connect");
    const { events } = await trace<Traffic>(["tcptop", "--pid", String(process.pid)], async () => {
      client.end("x".repeat(12_345));
      await once(client, "close");
      return (seen) => sum(seen, ({ lport, rport }) => [lport, rport].includes(port)).total_bytes >= 24_690;
    });
    server.close();
    const exactly = (received: number, sent: number) => ({ received, sent, total_bytes: received + sent });
    expect(sum(events, ({ rport }) => rport === port)).toEqual(exactly(0, 12_345));
    expect(sum(events, ({ lport }) => lport === port)).toEqual(exactly(12_345, 0));
  });

  it("counts what a socket took, not what a program wanted to send", async () => {
    // Nobody reads: of 64 MiB the socket takes what there is room for.
    const server = createServer({ pauseOnConnect: true });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const script = `use Socket; socket(my $s, PF_INET, SOCK_STREAM, 0); connect($s, sockaddr_in(${port}, inet_aton("127.0.0.1")));
      use Fcntl; fcntl($s, F_SETFL, O_NONBLOCK); print syswrite($s, "x" x (64 << 20));`;
    let taken = 0;
    const { events } = await trace<Traffic>(["tcptop", "--rports", String(port)], async () => {
      taken = Number((await runToEnd("perl", ["-e", script])).stdout);
      return (seen) => seen.length > 0;
    });
    server.close();
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(64 << 20);
    expect(sum(events, ({ rport }) => rport === port)).toEqual({
      received: 0,
      sent: taken,
      total_bytes: taken,
    });
  });

  it("counts by process and by remote address, of what its filters ask for", async () => {
    let pids = { client: -1, server: -1 };
    const work = async () => {
      pids = await talk("10.77.0.2", 6001);
      await talk("fd77::2", 6002);
      return (seen: readonly Traffic[]) => sum(seen, () => true).total_bytes >= 2 * ALL;
    };
    const byProcess = await trace<Traffic>(
      ["tcptop", "--per", "process", "-4", "--rports", "6001,6002"],
      work,
    );
    expect(sum(byProcess.events, () => true)).toEqual(EXACTLY);
    expect(byProcess.events.every(({ key }) => key.pid === pids.client)).toBe(true);
    const byRemote = await trace<Traffic>(
      ["tcptop", "--per", "remote", "--comm", "tcp", "--raddrs", "fd77::2"],
      work,
    );
    expect(sum(byRemote.events, () => true)).toEqual(EXACTLY);
    expect(byRemote.events.every(({ key }) => key.pid === undefined)).toBe(true);
    expect(byRemote.events[0]?.key.raddr).toBe("fd77::2");
  });
});
