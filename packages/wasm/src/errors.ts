import { BpfError } from "@skep/bpf";

/** The guest did what WebAssembly forbids (unreachable code, memory that it does not have) and was ended. */
export class GuestTrapError extends BpfError {
  readonly code = "ERR_BPF_GUEST_TRAP";
}
