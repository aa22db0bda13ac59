import type { LinkKind } from "../spec/object-spec.ts";

/** A program attached to a hook. Stays attached until `close()`, or until the process ends. */
export interface Link extends Disposable {
  readonly kind: LinkKind;
  /** What it is attached to, for messages: `tracepoint syscalls:sys_enter_write`. */
  readonly description: string;
  /** Detaches. Harmless when called twice. */
  close(): void;
}
