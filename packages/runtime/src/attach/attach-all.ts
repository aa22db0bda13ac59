import type { AttachOptions, BpfObject, Link, Program } from "@skep/bpf";

/** Attaching these needs a target, which a program that others call into does not name. */
const NEEDS_TARGET: readonly (string | undefined)[] = ["tracepoint", "raw_tracepoint"];

/**
 * Attaches what is loaded, and registers struct_ops maps.
 * @param attachments where to attach a program; empty for nowhere
 * @param at is told which program comes next
 * @throws {BpfError} of the first that fails; what is attached by then goes with the object
 */
export function attachAll(
  object: BpfObject,
  attachments: (program: Program) => readonly AttachOptions[],
  at: (program: string | undefined) => void = () => {},
): Link[] {
  const links: Link[] = [];
  for (const program of object.programs.values()) {
    if (!saysHow(program)) continue;
    at(program.name);
    for (const options of attachments(program)) links.push(program.attach(options));
  }
  at(undefined);
  return [...links, ...object.attach(() => undefined)];
}

function saysHow({ spec }: Program): boolean {
  const kind = spec.definition?.link;
  if (kind === undefined || kind === "struct_ops") return false;
  return !NEEDS_TARGET.includes(kind) || Boolean(spec.target);
}
