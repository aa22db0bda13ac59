/**
 * Most attachments belong to the kernel's descriptor and vanish with the process, however it dies. A few older ones do not:
 * entries of kprobe_events and uprobe_events, netlink XDP and tc, programs attached to a cgroup without a link. Those are
 * registered here and removed on exit and on the signals that ask a process to end. Nothing can be done about SIGKILL.
 */
const pending = new Set<() => void>();
const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** Runs `undo` when the process ends, unless disposed before. Errors at that time are swallowed: nobody could act on them. */
export function onProcessExit(undo: () => void): Disposable {
  // A copy of its own, so that the same function may be registered twice.
  const entry = (): void => undo();
  if (pending.size === 0) listen();
  pending.add(entry);
  return {
    [Symbol.dispose](): void {
      if (pending.delete(entry) && pending.size === 0) unlisten();
    },
  };
}

function listen(): void {
  process.on("exit", undoAll);
  for (const signal of SIGNALS) process.on(signal, undoAndDie);
}

function unlisten(): void {
  process.off("exit", undoAll);
  for (const signal of SIGNALS) process.off(signal, undoAndDie);
}

function undoAll(): void {
  for (const undo of pending) {
    try {
      undo();
    } catch {
      // The process is ending: the other entries still want their turn.
    }
  }
  pending.clear();
}

/**
 * A listener takes away a signal's power to end the process. Whoever else listens decides when to end, and `exit` follows; if
 * nobody does, the signal is raised again once we no longer listen.
 */
function undoAndDie(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  undoAll();
  unlisten();
  process.kill(process.pid, signal);
}
