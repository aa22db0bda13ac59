import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, it } from "vitest";
import { InvalidArgumentError } from "../../src/errors.ts";
import { ENOENT } from "../../src/linux/errno.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";
import { noLeaks } from "./no-leaks.ts";

noLeaks();

const [IPPROTO_TCP, TCP_CONGESTION] = [6, 13];

const available = () =>
  readFileSync("/proc/sys/net/ipv4/tcp_available_congestion_control", "utf8").trim().split(" ");

/** Chooses the congestion control of a connection; 0, or `-errno`. */
function choose(client: Socket, name: string): number {
  const { native } = hostKernel();
  const text = native.allocate(16);
  text.set(Buffer.from(name));
  const { _handle } = client as unknown as { _handle: { fd: number } };
  const place = [_handle.fd, IPPROTO_TCP, TCP_CONGESTION, native.addressOf(text), name.length] as const;
  return native.syscall(syscallNumbers().setsockopt, ...place);
}

async function connected() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(client, "connect");
  return {
    client,
    [Symbol.dispose]() {
      client.destroy();
      server.close();
    },
  };
}

it("registers a congestion control with the kernel, with a link or without, until it is closed", async () => {
  const object = open(compileFixture("congestion.bpf.c"), { name: "congestion" }).load();
  try {
    expect(() => object.program("ssthresh").attach()).toThrow(InvalidArgumentError);
    const links = object.attach();
    expect(links.map((link) => link.description).sort()).toEqual(["struct_ops linked", "struct_ops plain"]);
    expect(available()).toEqual(expect.arrayContaining(["skep_linked", "skep_plain"]));
    using connection = await connected();
    const { client } = connection;
    for (const name of ["skep_linked", "skep_plain", "skep_linked"]) expect(choose(client, name)).toBe(0);
    expect(object.variables.get("starts")).toBe(3n);
    expect(choose(client, "reno")).toBe(0);
    for (const link of links) link.close();
    for (const name of ["skep_linked", "skep_plain"]) expect(choose(client, name)).toBe(-ENOENT);
    expect(available()).not.toContain("skep_linked");
    expect(available()).not.toContain("skep_plain");
  } finally {
    object.close();
  }
});
