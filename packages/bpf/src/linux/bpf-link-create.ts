import { BPF_PERF_EVENT } from "../spec/program-types.ts";
import type { BpfAttr } from "./bpf-attr.ts";
import type { LinkCreateAttr } from "./bpf-calls.ts";

/** Fills the attributes of BPF_LINK_CREATE. What follows `flags` at byte 16 is a union, chosen by the attach type. */
export function fillLinkCreate(attr: BpfAttr, link: LinkCreateAttr): BpfAttr {
  attr.clear().u32(0, link.program.raw).u32(4, link.target).u32(8, link.attachType).u32(12, link.flags);
  attr.u32(16, link.targetBtfId);
  if (link.cookie !== undefined) attr.u64(link.attachType === BPF_PERF_EVENT ? 16 : 24, link.cookie);
  if (link.iterInfo !== undefined) attr.input(16, link.iterInfo).u32(24, link.iterInfo.length);
  if (link.relative !== undefined) attr.u32(16, link.relative.fdOrId).u64(24, link.relative.expectedRevision);
  if (link.netfilter !== undefined) {
    const { protocolFamily, hook, priority, flags } = link.netfilter;
    attr.u32(16, protocolFamily).u32(20, hook).u32(24, priority).u32(28, flags);
  }
  fillKprobeMulti(attr, link.kprobeMulti);
  fillUprobeMulti(attr, link.uprobeMulti);
  return attr;
}

function fillKprobeMulti(attr: BpfAttr, multi: LinkCreateAttr["kprobeMulti"]): void {
  if (multi === undefined) return;
  const count = multi.symbols?.length ?? multi.addresses?.length ?? 0;
  attr
    .u32(16, multi.flags)
    .u32(20, count)
    .texts(24, multi.symbols)
    .words(32, multi.addresses)
    .words(40, multi.cookies);
}

function fillUprobeMulti(attr: BpfAttr, multi: LinkCreateAttr["uprobeMulti"]): void {
  if (multi === undefined) return;
  attr
    .text(16, multi.path)
    .words(24, multi.offsets)
    .words(32, multi.refCounterOffsets)
    .words(40, multi.cookies);
  attr.u32(48, multi.offsets.length).u32(52, multi.flags).u32(56, multi.pid);
}
