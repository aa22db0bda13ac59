import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, rmdirSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidArgumentError, NotFoundError, UnsupportedError } from "../../src/errors.ts";
import { attachProgram } from "../../src/links/attach.ts";
import { EINVAL } from "../../src/linux/errno.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { mounts } from "../../src/linux/procfs.ts";
import { BPF_MAP_TYPE_SOCKMAP } from "../../src/spec/map-types.ts";
import { withFault } from "../linux/with-fault.ts";
import { Counter } from "./counter.ts";
import { noLeaks } from "./no-leaks.ts";

noLeaks();

const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" });
const tc = (...args: string[]) => execFileSync("tc", args, { encoding: "utf8" });

/** One end of a veth pair here, the other in a network namespace of the test's own. */
const namespace = `skep-${process.pid}`;
const [here, there] = [`skh${process.pid}`, `skt${process.pid}`];
const address = "198.51.100.1";

beforeAll(() => {
  ip("netns", "add", namespace);
  ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", namespace);
  // No neighbour discovery, no IPv6: only what the tests send shall be counted.
  execFileSync("sh", ["-c", `echo 1 > /proc/sys/net/ipv6/conf/${here}/disable_ipv6`]);
  ip("netns", "exec", namespace, "sh", "-c", `echo 1 > /proc/sys/net/ipv6/conf/${there}/disable_ipv6`);
  ip("addr", "add", `${address}/30`, "dev", here);
  ip("link", "set", here, "up");
  ip("-n", namespace, "addr", "add", "198.51.100.2/30", "dev", there);
  ip("-n", namespace, "link", "set", there, "up");
  send(1);
});
afterAll(() => void ip("netns", "del", namespace));

/** Datagrams from the other namespace to this end. */
function send(count: number): void {
  const script = `for i in $(seq ${count}); do echo x > /dev/udp/${address}/9999; done`;
  execFileSync("ip", ["netns", "exec", namespace, "bash", "-c", script]);
}

/** The other way. */
function sendBack(count: number): void {
  const script = `for i in $(seq ${count}); do echo x > /dev/udp/198.51.100.2/9999; done`;
  execFileSync("bash", ["-c", script]);
}

const hits = (counter: Counter, packets: number) => {
  send(packets);
  // ARP may add a packet now and then.
  expect(counter.hits).toBeGreaterThanOrEqual(packets);
  expect(counter.hits).toBeLessThan(packets + 5);
};

function stops(counter: Counter): void {
  const before = counter.hits;
  send(3);
  expect(counter.hits).toBe(before);
}

describe("xdp", () => {
  for (const xdpMode of ["generic", "native"] as const) {
    it(`counts packets in ${xdpMode} mode`, () => {
      using counter = new Counter("xdp", { returns: 2 });
      const link = attachProgram(counter.program, { interface: here, xdpMode });
      hits(counter, 20);
      link.close();
      stops(counter);
    });
  }

  it("refuses a second program, in words", () => {
    using counter = new Counter("xdp", { returns: 2 });
    using other = new Counter("xdp", { returns: 2 });
    using _link = attachProgram(counter.program, { interface: here });
    expect(() => attachProgram(other.program, { interface: here })).toThrow("another XDP program");
  });

  it("asks for an interface that exists", () => {
    using counter = new Counter("xdp", { returns: 2 });
    expect(() => attachProgram(counter.program)).toThrow("needs a network interface");
    expect(() => attachProgram(counter.program, { interface: "nosuch0" })).toThrow(NotFoundError);
    expect(() => attachProgram(counter.program, { interface: 99_999_999 })).toThrow(NotFoundError);
    expect(() => attachProgram(counter.program, { interface: -1 })).toThrow(InvalidArgumentError);
  });

  it("suggests the generic mode where the driver cannot do better", () => {
    using counter = new Counter("xdp", { returns: 2 });
    expect(() => attachProgram(counter.program, { interface: "lo", xdpMode: "native" })).toThrow(
      UnsupportedError,
    );
  });
});

describe("tc", () => {
  it("counts packets by tcx, which leaves no filter to list", () => {
    using counter = new Counter("tc");
    const link = attachProgram(counter.program, { interface: here });
    expect(link.description).toBe(`tcx ingress of ${here}`);
    hits(counter, 20);
    expect(tc("filter", "show", "dev", here, "ingress")).toBe("");
    link.close();
    stops(counter);
  });

  it("counts packets by a clsact filter at the place asked for, and cleans up", () => {
    using counter = new Counter("tc");
    const link = attachProgram(counter.program, { interface: here, filter: { handle: 7, priority: 49 } });
    hits(counter, 20);
    expect(tc("filter", "show", "dev", here, "ingress")).toMatch(
      /pref 49 bpf .*handle 0x7 counter direct-action/,
    );
    expect(() =>
      attachProgram(counter.program, { interface: here, filter: { handle: 7, priority: 49 } }),
    ).toThrow("already a filter");
    link.close();
    stops(counter);
    expect(tc("qdisc", "show", "dev", here)).not.toContain("clsact");
  });

  it("leaves a clsact that others use", () => {
    using counter = new Counter("tc");
    const egress = attachProgram(counter.program, { interface: here, direction: "egress", filter: {} });
    const ingress = attachProgram(counter.program, { interface: here, filter: {} });
    egress.close();
    hits(counter, 10);
    ingress.close();
    // The first link made the clsact and had to leave it to the second.
    tc("qdisc", "del", "dev", here, "clsact");
  });

  it("knows the direction from tcx sections", () => {
    using counter = new Counter("tcx/egress");
    const link = attachProgram(counter.program, { interface: here });
    expect(link.description).toBe(`tcx egress of ${here}`);
    sendBack(12);
    expect(counter.hits).toBeGreaterThanOrEqual(12);
    expect(counter.hits).toBeLessThan(17);
    link.close();
    const after = counter.hits;
    sendBack(3);
    expect(counter.hits).toBe(after);
  });

  it("says that an interface is no netkit", () => {
    using counter = new Counter("netkit/primary");
    expect(() => attachProgram(counter.program, { interface: here })).toThrow("netkit");
  });
});

describe("socket filters", () => {
  it("see the packets of an interface", () => {
    using counter = new Counter("socket");
    const link = attachProgram(counter.program, { interface: here });
    hits(counter, 20);
    link.close();
    stops(counter);
  });

  it("see what a socket receives", async () => {
    using counter = new Counter("socket", { returns: -1 });
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const fd = handleOf(socket);
    const link = attachProgram(counter.program, { socket: fd });
    const received = new Promise((resolve) => socket.once("message", resolve));
    socket.send("hello", socket.address().port, "127.0.0.1");
    await received;
    expect(counter.hits).toBe(1);
    link.close();
    const again = once(socket, "message");
    socket.send("hello", socket.address().port, "127.0.0.1");
    await again;
    expect(counter.hits).toBe(1);
    socket.close();
  });

  it("leave alone a later socket of the same number", async () => {
    const listen = async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
      return { server, fd };
    };
    using counter = new Counter("socket", { returns: -1 });
    const first = await listen();
    const stale = attachProgram(counter.program, { socket: first.fd });
    first.server.close();
    await once(first.server, "close");
    const second = await listen();
    expect(second.fd).toBe(first.fd);
    const link = attachProgram(counter.program, { socket: second.fd });
    stale.close();
    const client = connect((second.server.address() as AddressInfo).port, "127.0.0.1");
    client.on("connect", () => client.destroy());
    await once(second.server, "connection");
    expect(counter.hits).toBeGreaterThan(0);
    link.close();
    second.server.close();
  });

  it("refuse what is no socket", () => {
    using counter = new Counter("socket");
    expect(() => attachProgram(counter.program, { socket: 0x7fff })).toThrow(InvalidArgumentError);
    expect(() => attachProgram(counter.program)).toThrow("needs a socket or a network interface");
  });
});

/** Node keeps a datagram socket's handle behind a symbol. */
function handleOf(socket: object): number {
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    const state = (socket as Record<symbol, { handle?: { fd?: number } } | undefined>)[symbol];
    if (typeof state?.handle?.fd === "number") return state.handle.fd;
  }
  throw new Error("no descriptor");
}

describe("network namespaces", () => {
  it("let sk_lookup see lookups of listening sockets", async () => {
    using counter = new Counter("sk_lookup", { returns: 1 });
    const link = attachProgram(counter.program);
    const server = await new Promise<Server>((resolve) => {
      const listening = createServer((socket) => socket.end());
      listening.listen(0, "127.0.0.1", () => resolve(listening));
    });
    const { port } = server.address() as { port: number };
    const dial = () => execFileSync("bash", ["-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`]);
    dial();
    expect(counter.hits).toBeGreaterThanOrEqual(1);
    link.close();
    const after = counter.hits;
    dial();
    expect(counter.hits).toBe(after);
    server.close();
  });

  it("are named by a file", () => {
    using counter = new Counter("sk_lookup", { returns: 1 });
    using link = attachProgram(counter.program, { networkNamespace: `/run/netns/${namespace}` });
    expect(link.description).toContain(namespace);
    expect(() => attachProgram(counter.program, { networkNamespace: "/dev/null" })).toThrow(
      InvalidArgumentError,
    );
    expect(() => attachProgram(counter.program, { networkNamespace: "/run/netns/none" })).toThrow(
      NotFoundError,
    );
  });

  it("take netfilter programs", () => {
    using counter = new Counter("netfilter", { returns: 1 });
    using link = attachProgram(counter.program, { netfilter: { hook: "input", priority: 17 } });
    // Whatever else arrives at this machine passes the hook as well.
    send(10);
    expect(counter.hits).toBeGreaterThanOrEqual(10);
    link.close();
    stops(counter);
    expect(() => attachProgram(counter.program)).toThrow("needs a netfilter hook");
  });
});

describe("flow dissectors", () => {
  it("attach to a network namespace, which takes only one", () => {
    using counter = new Counter("flow_dissector");
    using other = new Counter("flow_dissector");
    const networkNamespace = `/run/netns/${namespace}`;
    const link = attachProgram(counter.program, { networkNamespace });
    expect(() => attachProgram(other.program, { networkNamespace })).toThrow(
      "another program is already attached",
    );
    link.close();
    attachProgram(other.program, { networkNamespace }).close();
  });

  it("take apart what a rule asks the ports of", () => {
    // BPF_FLOW_DISSECTOR_CONTINUE (129): the kernel's own dissector does the work.
    using counter = new Counter("flow_dissector", { returns: 129 });
    const rule = ["dport", "9999", "ipproto", "udp", "table", "main"];
    ip("-n", namespace, "rule", "add", ...rule);
    try {
      const link = attachProgram(counter.program, { networkNamespace: `/run/netns/${namespace}` });
      sendBack(10);
      expect(counter.hits).toBeGreaterThanOrEqual(10);
      link.close();
      const after = counter.hits;
      sendBack(3);
      expect(counter.hits).toBe(after);
    } finally {
      ip("-n", namespace, "rule", "del", ...rule);
    }
  });
});

describe("sockmaps", () => {
  /** A sockmap, and a connection to a server that echoes. */
  async function connected() {
    const { bpf } = hostKernel();
    const fd = bpf.mapCreate({ type: BPF_MAP_TYPE_SOCKMAP, keySize: 4, valueSize: 4, maxEntries: 4 });
    const server = await new Promise<Server>((resolve) => {
      const listening = createServer((socket) => void socket.pipe(socket));
      listening.listen(0, "127.0.0.1", () => resolve(listening));
    });
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    await once(client, "connect");
    const { _handle } = client as unknown as { _handle: { fd: number } };
    return {
      maps: (name: string) => (name === "sockets" ? { fd, valueSize: 4, maxEntries: 4 } : undefined),
      put: () => bpf.mapUpdate(fd, new Uint8Array(4), new Uint8Array(Int32Array.of(_handle.fd).buffer)),
      take: () => bpf.mapDelete(fd, new Uint8Array(4)),
      async echo(text: string): Promise<string> {
        client.write(text);
        return String((await once(client, "data"))[0]);
      },
      [Symbol.dispose]() {
        client.destroy();
        server.close();
        fd.close();
      },
    };
  }

  it("let sk_msg see what their sockets send", async () => {
    using counter = new Counter("sk_msg", { returns: 1 });
    using sockets = await connected();
    const { maps } = sockets;
    expect(() => attachProgram(counter.program, { maps })).toThrow("needs a sockmap");
    expect(() => attachProgram(counter.program, { maps, sockmap: "other" })).toThrow(NotFoundError);
    const link = attachProgram(counter.program, { maps, sockmap: "sockets" });
    sockets.put();
    expect([await sockets.echo("hello"), counter.hits]).toEqual(["hello", 1]);
    // Taken out of the map, the socket is free of the program.
    sockets.take();
    expect([await sockets.echo("again"), counter.hits]).toEqual(["again", 1]);
    link.close();
    sockets.put();
    expect([await sockets.echo("later"), counter.hits]).toEqual(["later", 1]);
  });

  it.each([
    ["by a link", hostKernel()],
    [
      "as before 6.10",
      new HostKernel(withFault(koffiNative(), { command: "BPF_LINK_CREATE", errno: EINVAL })),
    ],
  ])("let sk_skb see what their sockets receive, %s", async (_way, kernel) => {
    using counter = new Counter("sk_skb/stream_verdict", { returns: 1 });
    using sockets = await connected();
    const program = { ...counter.program, kernel };
    const link = attachProgram(program, { maps: sockets.maps, sockmap: "sockets" });
    sockets.put();
    expect([await sockets.echo("hello"), counter.hits]).toEqual(["hello", 1]);
    sockets.take();
    link.close();
    sockets.put();
    expect([await sockets.echo("later"), counter.hits]).toEqual(["later", 1]);
  });
});

describe("cgroups", () => {
  const root = mounts().find((mount) => mount.type === "cgroup2")?.point;
  const cgroup = `${root}/skep-test-${process.pid}`;
  beforeAll(() => void mkdirSync(cgroup));
  afterAll(() => rmdirSync(cgroup));

  /** Runs a shell as a member of the cgroup. */
  const inside = (script: string) =>
    execFileSync("bash", ["-c", `echo $$ > ${cgroup}/cgroup.procs; ${script}`]);

  it("count sockets that are created", () => {
    using counter = new Counter("cgroup/sock_create", { returns: 1 });
    const link = attachProgram(counter.program, { cgroup });
    inside("for i in 1 2 3 4 5; do echo x > /dev/udp/127.0.0.1/9; done");
    expect(counter.hits).toBe(5);
    link.close();
    inside("echo x > /dev/udp/127.0.0.1/9");
    expect(counter.hits).toBe(5);
  });

  it("count packets, the direction given with the attachment or by the section", () => {
    using counter = new Counter("cgroup/skb", { returns: 1 });
    expect(() => attachProgram(counter.program, { cgroup })).toThrow("needs a direction");
    using named = new Counter("cgroup_skb/egress", { returns: 1 });
    using _a = attachProgram(counter.program, { cgroup, direction: "egress" });
    using _b = attachProgram(named.program, { cgroup });
    inside("for i in 1 2 3 4 5; do echo x > /dev/udp/127.0.0.1/9; done");
    expect([counter.hits, named.hits]).toEqual([5, 5]);
  });

  it("count connects", () => {
    using counter = new Counter("cgroup/connect4", { returns: 1 });
    using _link = attachProgram(counter.program, { cgroup });
    inside("for i in 1 2 3; do echo x > /dev/udp/127.0.0.1/9; done");
    expect(counter.hits).toBe(3);
  });

  it.each([
    ["sysctl", "for i in 1 2 3 4; do read x < /proc/sys/kernel/ostype; done", 4],
    ["dev", "for i in 1 2 3 4; do exec 5< /dev/zero; done", 4],
    ["sock_release", "for i in 1 2 3 4; do echo x > /dev/udp/127.0.0.1/9; done", 4],
  ])("count what cgroup/%s is asked about", (hook, script, times) => {
    using counter = new Counter(`cgroup/${hook}`, { returns: 1 });
    const link = attachProgram(counter.program, { cgroup });
    inside(script);
    expect(counter.hits).toBeGreaterThanOrEqual(times);
    link.close();
    const after = counter.hits;
    inside(script);
    expect(counter.hits).toBe(after);
  });

  it("count the events of TCP sockets", () => {
    using counter = new Counter("sockops", { returns: 1 });
    const link = attachProgram(counter.program, { cgroup });
    // Nobody listens there.
    const script = "(exec 5<> /dev/tcp/127.0.0.1/9) 2> /dev/null || true";
    inside(script);
    expect(counter.hits).toBeGreaterThanOrEqual(1);
    link.close();
    const after = counter.hits;
    inside(script);
    expect(counter.hits).toBe(after);
  });

  it("must be of the v2 hierarchy", () => {
    using counter = new Counter("cgroup/sock_create", { returns: 1 });
    expect(() => attachProgram(counter.program)).toThrow("needs a cgroup");
    for (const path of ["/tmp", "/dev/null", `${cgroup}/cgroup.procs`])
      expect(() => attachProgram(counter.program, { cgroup: path })).toThrow(
        expect.objectContaining({
          code: "ERR_BPF_INVALID_ARGUMENT",
          message: `${path} is not a cgroup of the v2 hierarchy`,
          next: `pass a directory below ${root}`,
        }),
      );
    expect(() => attachProgram(counter.program, { cgroup: `${root}/none` })).toThrow(NotFoundError);
  });

  it("of the v1 hierarchies are refused", (ctx) => {
    const old = mounts().find((mount) => mount.type === "cgroup")?.point;
    if (old === undefined) ctx.skip("no v1 hierarchy is mounted");
    using counter = new Counter("cgroup/sock_create", { returns: 1 });
    expect(() => attachProgram(counter.program, { cgroup: old ?? "" })).toThrow(InvalidArgumentError);
  });
});
