import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type BpfSpec, InvalidArgumentError, NotFoundError, open } from "@skep/bpf";
import { readPackage } from "@skep/package";
import { describe, expect, it } from "vitest";

function exitsnoop(): BpfSpec {
  const bytes = readFileSync(new URL("../tools/exitsnoop/package.json", import.meta.url));
  return open(readPackage(bytes).object, { name: "exitsnoop" });
}

describe("the README's way to use the library", () => {
  it("reads typed events of a struct by its name, until it has seen enough", async () => {
    using object = exitsnoop().load();
    object.attach();
    const child = spawn("sh", ["-c", "exit 7"]);
    const seen: { pid: number; comm: string }[] = [];
    const signal = AbortSignal.timeout(20_000);
    for await (const event of object.events<{ pid: number; comm: string }>("events", {
      type: "event",
      signal,
    })) {
      if (event.pid !== child.pid) continue;
      seen.push(event);
      break;
    }
    if (child.exitCode === null) await once(child, "exit");
    expect(seen).toMatchObject([{ pid: child.pid, comm: "sh" }]);
  });

  it("says what a map is when it is asked for as something else", () => {
    using object = exitsnoop().load();
    expect(() => object.table("events")).toThrow(InvalidArgumentError);
    expect(() => object.buffer("nothing")).toThrow(NotFoundError);
    expect(() => object.eventType("no_such_struct")).toThrow(NotFoundError);
  });
});
