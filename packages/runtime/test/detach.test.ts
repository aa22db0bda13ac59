import type { Link } from "@skep/bpf";
import { expect, it } from "vitest";
import { detach } from "../src/attach/detach.ts";

/** Takes ten programs off, each of which takes so many milliseconds. */
function detaching(milliseconds: number) {
  let clock = 0;
  const said: string[] = [];
  const closed: number[] = [];
  const links = Array.from({ length: 10 }, (_, index) => ({
    close() {
      clock += milliseconds;
      closed.push(index);
    },
  }));
  detach(
    links as unknown as readonly Link[],
    (line) => void said.push(line),
    () => clock,
  );
  return { said, closed };
}

it("detaches everything, and says once what it waits for when that takes long", () => {
  const slow = detaching(200);
  expect(slow.closed).toHaveLength(10);
  expect(slow.said).toEqual(["detaching: the kernel lets go of its probes one by one, 5 to go"]);
  const quick = detaching(100);
  expect(quick.closed).toHaveLength(10);
  expect(quick.said).toEqual([]);
});
