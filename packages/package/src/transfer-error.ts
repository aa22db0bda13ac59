import { BpfError } from "@skep/bpf";

/** Why nothing came over the network. */
export type TransferProblem =
  /** No such host, connection refused, no valid certificate, too slow. */
  | "unreachable"
  /** The server answers, but not with what was asked for. */
  | "refused"
  /** The server has no such thing. */
  | "missing"
  /** The server wants other credentials. */
  | "denied";

/** Fetching or sending over the network failed. */
export class TransferError extends BpfError {
  readonly code = "ERR_BPF_TRANSFER";
  readonly problem: TransferProblem;

  constructor(problem: TransferProblem, message: string, next: string, options?: ErrorOptions) {
    super(message, next, options);
    this.problem = problem;
  }
}
