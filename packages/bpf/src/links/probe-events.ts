import type { Kernel } from "../linux/kernel.ts";
import { tracepointId } from "../linux/tracefs.ts";
import { onProcessExit } from "./exit-cleanup.ts";
import type { UndoList } from "./undo-list.ts";

const GROUP = "skep";
let counter = 0;

/**
 * A probe made by writing its definition into tracefs, for kernels without the PMU (before 4.17). Such a probe outlives the
 * process, so it is removed on close and at exit; after SIGKILL it stays, until `echo -:skep/NAME >> kprobe_events`.
 * Returns the id of its trace event. Call this before the event is opened: it can only be removed when nobody uses it,
 * and `undo` works backwards.
 * @throws {SyscallError}
 */
export function addProbeEvent(
  kernel: Kernel,
  file: "kprobe_events" | "uprobe_events",
  probe: { readonly isReturn: boolean; readonly location: string },
  undo: UndoList,
): number {
  const path = `${kernel.tracefs}/${file}`;
  // Dots are not allowed in event names; the pid keeps processes apart, the counter probes.
  const name = `skep_${process.pid}_${counter++}`;
  kernel.files.append(path, `${probe.isReturn ? "r" : "p"}:${GROUP}/${name} ${probe.location}\n`);
  const remove = (): void => kernel.files.append(path, `-:${GROUP}/${name}\n`);
  const exit = onProcessExit(remove);
  undo.add(() => {
    exit[Symbol.dispose]();
    remove();
  });
  return tracepointId(kernel, GROUP, name);
}

/** Whether the kernel can make such probes at all. */
export function hasProbeEvents(kernel: Kernel, file: "kprobe_events" | "uprobe_events"): boolean {
  return kernel.files.exists(`${kernel.tracefs}/${file}`);
}
