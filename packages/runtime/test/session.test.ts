import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Feed } from "../src/events/feed.ts";
import { Session } from "../src/events/session.ts";
import { Output } from "../src/output/output.ts";
import { lossLine } from "../src/output/table.ts";
import { Timeline } from "../src/output/timeline.ts";
import type { Views } from "../src/output/view.ts";
import { testMachine } from "./machine.ts";

/** What a run wrote and said whose only event is that five were lost. */
async function losing(lost: Views["lost"] | undefined) {
  let written = "";
  const said: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      written += chunk.toString();
      done();
    },
  });
  const output = new Output(stream);
  let count = 0n;
  const feed: Feed = {
    live: false,
    start: () => ({ close() {}, [Symbol.dispose]() {} }),
    drain() {},
    lost: () => [{ counter: "events", count, cause: "ring buffer events was full" }],
    close() {},
  };
  const say = (line: string) => void said.push(line);
  using session = new Session({ output, timeline: new Timeline(testMachine()), lost, say });
  session.add(feed);
  session.start();
  count = 5n;
  session.finish(() => {});
  await output.finish(1000);
  expect(session.lost).toBe(5n);
  return { written, said };
}

it("looks at maps while the programs are attached, and drains buffers when they are not", () => {
  const steps: string[] = [];
  const feed = (name: string, live: boolean): Feed => ({
    live,
    start: () => ({ close() {}, [Symbol.dispose]() {} }),
    drain: () => void steps.push(name),
    lost: () => [],
    close() {},
  });
  const output = new Output(new Writable());
  using session = new Session({
    output,
    timeline: new Timeline(testMachine()),
    lost: undefined,
    say() {},
  });
  session.add(feed("buffer", false));
  session.add(feed("map", true));
  session.finish(() => void steps.push("detached"));
  expect(steps).toEqual(["map", "detached", "buffer"]);
});

const TOLD = /^\d\d:\d\d:\d\d lost 5 events since \d\d:\d\d:\d\d: ring buffer events was full$/;

describe("a loss", () => {
  it("is a row among the rows", async () => {
    const { written, said } = await losing(lossLine);
    expect(written.trimEnd()).toMatch(TOLD);
    expect(said).toEqual([]);
  });

  it("is said aside where the output is a file of its own kind", async () => {
    const { written, said } = await losing(undefined);
    expect(written).toBe("");
    expect(said).toEqual([expect.stringMatching(TOLD)]);
  });
});
