/** Makes a uprobe through tracefs, says which, and ends without closing it: `node leave-probe.mjs LOCATION exit|SIGTERM`. */
import { readFileSync } from "node:fs";
import { addProbeEvent } from "../../src/links/probe-events.ts";
import { UndoList } from "../../src/links/undo-list.ts";
import { hostKernel } from "../../src/linux/kernel.ts";

const [, , location = "", end] = process.argv;
const kernel = hostKernel();
addProbeEvent(kernel, "uprobe_events", { isReturn: false, location }, new UndoList());
process.stdout.write(readFileSync(`${kernel.tracefs}/uprobe_events`, "utf8"), () => {
  if (end === "exit") process.exit(3);
  process.kill(process.pid, "SIGTERM");
});
setTimeout(() => undefined, 10_000);
