import { type BpfObject, type BpfSpec, NotFoundError, UnsupportedError } from "@skep/bpf";

/** Leaves the attaching of optional programs to `attachAll`. Call before loading. */
export function holdBackOptional(spec: BpfSpec, optional: ReadonlySet<string>): void {
  for (const name of optional) {
    const program = spec.programs.get(name);
    if (program !== undefined) program.autoattach = false;
  }
}

/**
 * Attaches every program; optional ones where this kernel has what they attach to.
 * @returns what was attached, or why not, one line each
 */
export function attachAll(object: BpfObject, optional: ReadonlySet<string>): string[] {
  const notes = object.attach().map((link) => `attached to ${link.description}`);
  for (const name of optional) {
    const program = object.programs.get(name);
    if (program === undefined) continue;
    try {
      notes.push(`attached to ${program.attach().description}`);
    } catch (error) {
      if (!(error instanceof NotFoundError) && !(error instanceof UnsupportedError)) throw error;
      notes.push(`left out ${name}: ${error.message}`);
    }
  }
  return notes;
}
