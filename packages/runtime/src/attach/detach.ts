import type { Link } from "@skep/bpf";

/** Milliseconds. What takes longer is worth a word. */
const PATIENCE = 1000;

/**
 * Takes programs off what they are attached to, one after the other. The kernel waits until no CPU can be inside a probe each time
 * that it lets go of one in a user program, and holds a lock meanwhile (kernel/trace/trace_event_perf.c, perf_uprobe_destroy): 0.1 s
 * for each on Linux 6.18, in whatever order and from however many threads they are closed.
 * @param say is told, once, that this is what the run is waiting for
 * @param now milliseconds of any clock
 */
export function detach(
  links: readonly Link[],
  say: (line: string) => void,
  now: () => number = () => performance.now(),
): void {
  const begin = now();
  let said = false;
  links.forEach((link, index) => {
    if (!said && now() - begin >= PATIENCE) {
      said = true;
      say(`detaching: the kernel lets go of its probes one by one, ${links.length - index} to go`);
    }
    link.close();
  });
}
