import type { OwnedFd } from "../linux/fd.ts";
import type { LinkKind } from "../spec/object-spec.ts";

/** A program attached to a hook. Stays attached until `close()`, or until the process ends. */
export interface Link extends Disposable {
  readonly kind: LinkKind;
  /** What it is attached to, for messages: `tracepoint syscalls:sys_enter_write`. */
  readonly description: string;
  /**
   * The kernel's link object, for pinning and BPF_OBJ_GET_INFO_BY_FD; undefined where several links, or an older way
   * of attaching, stand behind this one.
   */
  readonly fd: OwnedFd | undefined;
  readonly closed: boolean;
  /** Detaches. Harmless when called twice. */
  close(): void;
}

/**
 * The one implementation of {@link Link}: a name and what to do on close. Nothing is left to the garbage collector:
 * a link that is merely forgotten stays attached, it does not detach at random.
 */
export class AttachedLink implements Link {
  readonly kind: LinkKind;
  readonly description: string;
  readonly fd: OwnedFd | undefined;
  #detach: (() => void) | undefined;

  constructor(kind: LinkKind, description: string, detach: () => void, fd?: OwnedFd) {
    this.kind = kind;
    this.description = description;
    this.fd = fd;
    this.#detach = detach;
  }

  get closed(): boolean {
    return this.#detach === undefined;
  }

  close(): void {
    const detach = this.#detach;
    this.#detach = undefined;
    detach?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A link that is one kernel object: closing its descriptor detaches, also when the process is killed. */
export function kernelLink(kind: LinkKind, description: string, fd: OwnedFd): Link {
  return new AttachedLink(kind, description, () => fd.close(), fd);
}
