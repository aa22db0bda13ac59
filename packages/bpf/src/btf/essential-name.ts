/**
 * A name without its flavour: `task_struct___old` is `task_struct`. The flavour begins at the last run of
 * exactly three underscores that has something else on both sides (bpf_core_essential_name_len in the
 * kernel's tools/lib/bpf/relo_core.c).
 */
export function essentialName(name: string): string {
  for (let at = name.length - 4; at > 0; at--) {
    if (name.startsWith("___", at) && name[at - 1] !== "_" && name[at + 3] !== "_") return name.slice(0, at);
  }
  return name;
}
