/** What libbpf-bootstrap's `profile` calls the members of a stack trace, and eunomia after it. */
export const TRACE_MEMBERS = ["pid", "cpu_id", "comm", "kstack_sz", "ustack_sz", "kstack", "ustack"] as const;

/** A struct with all these members is a stack trace, though nobody said so. */
export function looksLikeTrace(members: readonly { readonly name: string }[]): boolean {
  return TRACE_MEMBERS.every((member) => members.some(({ name }) => name === member));
}
