import { MalformedError } from "../errors.ts";
import { EEXIST, failedWith } from "../linux/errno.ts";
import type { Kernel } from "../linux/kernel.ts";
import { netlinkAttribute, netlinkRequest } from "../linux/netlink.ts";
import type { LoadedProgram } from "../load/program.ts";
import type { LinkKind } from "../spec/object-spec.ts";
import { detachUnlessGone } from "./detach-unless-gone.ts";
import { onProcessExit } from "./exit-cleanup.ts";
import { AttachedLink, type Link } from "./link.ts";
import { ETH_P_ALL_BIG_ENDIAN } from "./network-interface.ts";
import { undoneOnFailure } from "./undo-list.ts";

// include/uapi/linux/{rtnetlink,netlink,pkt_sched,pkt_cls}.h
const [RTM_NEWQDISC, RTM_DELQDISC, RTM_NEWTFILTER, RTM_DELTFILTER, RTM_GETTFILTER] = [36, 37, 44, 45, 46];
const [NLM_F_ECHO, NLM_F_EXCL, NLM_F_DUMP, NLM_F_CREATE] = [0x8, 0x200, 0x300, 0x400];
const TC_H_CLSACT = 0xffff_fff1;
const CLSACT_HANDLE = 0xffff_0000;
const PARENTS = { ingress: 0xffff_fff2, egress: 0xffff_fff3 } as const;
const [TCA_KIND, TCA_OPTIONS] = [1, 2];
const [TCA_BPF_FD, TCA_BPF_NAME, TCA_BPF_FLAGS] = [6, 7, 8];
const TCA_BPF_FLAG_ACT_DIRECT = 1;

/** A place in the list of filters of an interface. Handle and priority 0 let the kernel choose. */
export interface FilterPlace {
  readonly index: number;
  readonly direction: keyof typeof PARENTS;
  readonly handle: number;
  readonly priority: number;
  readonly description: string;
}

/**
 * A bpf filter in direct-action mode below a clsact queueing discipline, which is made where it is missing and removed
 * again when nothing is left in it. @throws {SyscallError} EEXIST when the place is taken
 */
export function attachClsactFilter(kind: LinkKind, program: LoadedProgram, place: FilterPlace): Link {
  const { kernel } = program;
  return undoneOnFailure((undo) => {
    if (addClsact(kernel, place.index))
      undo.add(() => detachUnlessGone(() => removeClsactIfEmpty(kernel, place.index)));
    const made = addFilter(program, place);
    // Somebody may have removed it, or the interface, before us.
    undo.add(() => detachUnlessGone(() => removeFilter(kernel, place, made)));
    const exit = onProcessExit(undo.run);
    return new AttachedLink(kind, place.description, () => {
      exit[Symbol.dispose]();
      undo.run();
    });
  });
}

/** Whether it was missing. */
function addClsact(kernel: Kernel, index: number): boolean {
  const message = tcMessage(
    { index, handle: CLSACT_HANDLE, parent: TC_H_CLSACT, info: 0 },
    text(TCA_KIND, "clsact"),
  );
  try {
    netlinkRequest(kernel, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, message);
    return true;
  } catch (error) {
    if (failedWith(error, EEXIST)) return false;
    throw error;
  }
}

/** Somebody else may have put a filter into it meanwhile. */
function removeClsactIfEmpty(kernel: Kernel, index: number): void {
  const filters = Object.values(PARENTS).flatMap((parent) =>
    netlinkRequest(kernel, RTM_GETTFILTER, NLM_F_DUMP, tcMessage({ index, handle: 0, parent, info: 0 })),
  );
  if (filters.length > 0) return;
  netlinkRequest(
    kernel,
    RTM_DELQDISC,
    0,
    tcMessage({ index, handle: CLSACT_HANDLE, parent: TC_H_CLSACT, info: 0 }),
  );
}

/** What identifies the filter, as the kernel's echo tells it. */
interface Made {
  readonly handle: number;
  /** Priority in the upper 16 bits, protocol in the lower. */
  readonly info: number;
}

function addFilter(program: LoadedProgram, place: FilterPlace): Made {
  const options = Buffer.concat([
    netlinkAttribute(TCA_BPF_FD, new Uint8Array(Int32Array.of(program.fd.raw).buffer)),
    text(TCA_BPF_NAME, program.name),
    netlinkAttribute(TCA_BPF_FLAGS, new Uint8Array(Uint32Array.of(TCA_BPF_FLAG_ACT_DIRECT).buffer)),
  ]);
  const info = ((place.priority << 16) | ETH_P_ALL_BIG_ENDIAN) >>> 0;
  const header = { index: place.index, handle: place.handle, parent: PARENTS[place.direction], info };
  const message = tcMessage(header, text(TCA_KIND, "bpf"), netlinkAttribute(TCA_OPTIONS, options));
  const flags = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO;
  const [echo] = netlinkRequest(program.kernel, RTM_NEWTFILTER, flags, message);
  if (echo === undefined || echo.length < 20) {
    throw new MalformedError(
      "the kernel did not say which filter it made",
      "report this with your kernel's version",
    );
  }
  const view = new DataView(echo.buffer, echo.byteOffset, echo.length);
  return { handle: view.getUint32(8, true), info: view.getUint32(16, true) };
}

function removeFilter(kernel: Kernel, { index, direction }: FilterPlace, { handle, info }: Made): void {
  const message = tcMessage({ index, handle, parent: PARENTS[direction], info }, text(TCA_KIND, "bpf"));
  netlinkRequest(kernel, RTM_DELTFILTER, 0, message);
}

/** struct tcmsg and its attributes. */
function tcMessage(
  header: { readonly index: number; readonly handle: number; readonly parent: number; readonly info: number },
  ...attributes: readonly Uint8Array[]
): Uint8Array {
  const view = new DataView(new ArrayBuffer(20));
  view.setInt32(4, header.index, true);
  view.setUint32(8, header.handle, true);
  view.setUint32(12, header.parent, true);
  view.setUint32(16, header.info, true);
  return Buffer.concat([new Uint8Array(view.buffer), ...attributes]);
}

function text(type: number, value: string): Uint8Array {
  return netlinkAttribute(type, new TextEncoder().encode(`${value}\0`));
}
