import { createWriteStream } from "node:fs";
import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { explain } from "../src/explain.ts";
import { Output } from "../src/output/output.ts";

describe("Output", () => {
  it("makes one write of a batch of lines", async () => {
    const writes: string[] = [];
    const output = new Output(
      new Writable({
        decodeStrings: false,
        write(chunk: string, _encoding, done) {
          writes.push(chunk);
          done();
        },
      }),
    );
    output.line("one");
    output.line("two");
    output.flush();
    output.flush();
    await output.finish(1000);
    expect(writes).toEqual(["one\ntwo\n"]);
  });

  it("is full while the reader does not take what was written, and says when it has", async () => {
    const slow = new PassThrough({ highWaterMark: 1 });
    const output = new Output(slow, 8);
    let drained = false;
    output.onDrain = () => {
      drained = true;
    };
    output.line("12345678");
    output.flush();
    output.line("12345678");
    output.flush();
    expect(output.full).toBe(true);
    slow.resume();
    await output.finish(1000);
    expect(output.full).toBe(false);
    expect(drained).toBe(true);
  });

  it("says so when the reader has gone, and drops the rest", async () => {
    const stream = new PassThrough();
    const output = new Output(stream);
    let closed = 0;
    output.onClosed = () => closed++;
    output.line("x");
    stream.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    await new Promise((resolve) => stream.once("close", resolve));
    output.flush();
    await output.finish(1000);
    expect(closed).toBe(1);
    expect(output.closed).toBe(true);
  });

  it("throws also when a file is full at the last write", async () => {
    for (let round = 0; round < 20; round++) {
      const output = new Output(createWriteStream("/dev/full"));
      output.line("x");
      await expect(output.finish(10_000)).rejects.toThrow("ENOSPC");
    }
  });

  it("throws when a disk is full: that is no reader who has seen enough", async () => {
    const stream = new PassThrough();
    const output = new Output(stream);
    output.line("x");
    const full = Object.assign(new Error("write ENOSPC"), { code: "ENOSPC", syscall: "write" });
    stream.destroy(full);
    await new Promise((resolve) => stream.once("close", resolve));
    expect(output.closed).toBe(true);
    await expect(output.finish(1000)).rejects.toBe(full);
    expect(explain(full)).toEqual({
      lines: ["cannot write: write ENOSPC", "make room, or write elsewhere"],
      exitCode: 74,
    });
  });
});
