/**
 * Finds leaked descriptors in tests: while enabled, every {@link OwnedFd} records where it was made.
 * Off, it costs one comparison.
 */
let openers: Map<number, string> | undefined;

/** Starts recording, forgetting what was recorded before. */
export function traceFds(): void {
  openers = new Map();
}

/** Stops recording. Returns one text per descriptor that is still open: its number and its opener's stack. */
export function stopFdTrace(): readonly string[] {
  const leaks = [...(openers ?? [])].map(([fd, stack]) => `descriptor ${fd} is still open\n${stack}`);
  openers = undefined;
  return leaks;
}

/**
 * @throws {Error} when the number is owned already: somebody closed it behind its owner's back, and the owner is
 * about to close a stranger's file.
 */
export function traceOpened(fd: number): void {
  if (openers === undefined) return;
  const earlier = openers.get(fd);
  if (earlier !== undefined)
    throw new Error(`descriptor ${fd} has two owners; the first was made here:\n${earlier}`);
  openers.set(fd, new Error("opened").stack?.replace(/^.*\n/, "") ?? "");
}

/** The owner of a descriptor has given it back. */
export function traceClosed(fd: number): void {
  openers?.delete(fd);
}
