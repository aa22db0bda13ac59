import { describe, expect, it } from "vitest";
import { MalformedError, SyscallError } from "../../src/errors.ts";
import { collectAnswers, netlinkAttribute } from "../../src/linux/netlink.ts";

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const CAPPED = 0x100;
const WITH_ATTRIBUTES = 0x200;

function message(type: number, flags: number, payload: Uint8Array): Uint8Array {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + payload.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  const padding = Buffer.alloc((4 - (payload.length % 4)) % 4);
  return new Uint8Array(Buffer.concat([header, payload, padding]));
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function answersOf(...datagrams: Uint8Array[]): Uint8Array[] {
  const queue = [...datagrams];
  return collectAnswers(() => queue.shift() ?? new Uint8Array(0), "request 1");
}

describe("netlink answers", () => {
  it("end with the acknowledgement", () => {
    const ack = message(NLMSG_ERROR, CAPPED, Buffer.concat([int32(0), Buffer.alloc(16)]));
    expect(answersOf(ack)).toEqual([]);
    expect(answersOf(message(16, 0, Buffer.from("one")), ack)).toEqual([new Uint8Array(Buffer.from("one"))]);
  });

  it("of a dump come in parts", () => {
    const parts = new Uint8Array(Buffer.concat(["a", "b"].map((text) => message(16, 2, Buffer.from(text)))));
    expect(answersOf(parts, message(16, 2, Buffer.from("c")), message(NLMSG_DONE, 2, int32(0)))).toHaveLength(
      3,
    );
  });

  it("carry the kernel's own words", () => {
    const words = netlinkAttribute(1, Buffer.from("Device does not exist\0"));
    const payload = Buffer.concat([int32(-19), Buffer.alloc(16), words]);
    const ask = () => answersOf(message(NLMSG_ERROR, CAPPED | WITH_ATTRIBUTES, payload));
    expect(ask).toThrow("request 1: ENODEV (no such device): Device does not exist");
    expect(ask).toThrow(SyscallError);
  });

  it.each([
    ["a message shorter than its header", new Uint8Array(16)],
    ["a message longer than the datagram", message(16, 0, Buffer.alloc(8)).subarray(0, 20)],
  ])("refuse %s", (_name, bytes) => {
    expect(() => answersOf(bytes)).toThrow(MalformedError);
  });

  it("that never end are given up", () => {
    expect(() => collectAnswers(() => new Uint8Array(0), "request 1")).toThrow(/does not end/);
  });

  it.each([0, 3, 255, 0xffff])("survive an attribute of length %i", (length) => {
    const attribute = Buffer.alloc(8);
    attribute.writeUInt16LE(length, 0);
    const payload = Buffer.concat([int32(-1), Buffer.alloc(16), attribute]);
    expect(() => answersOf(message(NLMSG_ERROR, CAPPED | WITH_ATTRIBUTES, payload))).toThrow(SyscallError);
  });
});

it("pads attributes to four bytes", () => {
  expect([...netlinkAttribute(3, Buffer.from("x"))]).toEqual([5, 0, 3, 0, 0x78, 0, 0, 0]);
});
