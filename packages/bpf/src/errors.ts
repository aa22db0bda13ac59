/**
 * Every error this library throws on purpose: a class, a stable `code`, what happened, and what to do next.
 * Match on `code` (or `instanceof`); the message is for people and may change.
 */
export abstract class BpfError extends Error {
  /** Stable identifier, part of the API. */
  abstract readonly code: `ERR_BPF_${string}`;
  /** One imperative sentence: what the reader can do about it. Empty where nothing honest can be said. */
  readonly next: string;

  constructor(message: string, next = "", options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.next = next;
  }
}

/** A file, a package or BTF that breaks the rules of its format: truncated, out of range, cyclic, contradictory. */
export class MalformedError extends BpfError {
  readonly code = "ERR_BPF_MALFORMED";
}

/** The input is well formed, but asks for something this library does not do. */
export class NotImplementedError extends BpfError {
  readonly code = "ERR_BPF_NOT_IMPLEMENTED";
}

/** The running kernel cannot do this, whoever asks: too old, or built without it, or forbidden by lockdown. */
export class UnsupportedError extends BpfError {
  readonly code = "ERR_BPF_UNSUPPORTED";
}

/** The kernel could do this, but not for this process. */
export class PermissionError extends BpfError {
  readonly code = "ERR_BPF_PERMISSION";
}

/** The thing named by the caller (a program, map, variable, symbol, tracepoint, file) does not exist. */
export class NotFoundError extends BpfError {
  readonly code = "ERR_BPF_NOT_FOUND";
}

/** The caller passed a value that cannot be used: out of range, of the wrong type, in the wrong state. */
export class InvalidArgumentError extends BpfError {
  readonly code = "ERR_BPF_INVALID_ARGUMENT";
}

/** Used after `close()`. */
export class ClosedError extends BpfError {
  readonly code = "ERR_BPF_CLOSED";
}

/** A CO-RE or other relocation that has no single answer on this kernel. */
export class RelocationError extends BpfError {
  readonly code = "ERR_BPF_RELOCATION";
}

/** The verifier rejected a program. `log` is the whole verifier log, `telling` the lines that matter. */
export class VerifierError extends BpfError {
  readonly code = "ERR_BPF_VERIFIER";
  readonly program: string;
  readonly log: string;
  readonly telling: readonly string[];

  constructor(
    message: string,
    next: string,
    details: { program: string; log: string; telling: readonly string[] },
    options?: ErrorOptions,
  ) {
    super(message, next, options);
    this.program = details.program;
    this.log = details.log;
    this.telling = details.telling;
  }
}

/** A system call failed in a way that no other class explains. */
export class SyscallError extends BpfError {
  readonly code = "ERR_BPF_SYSCALL";
  /** What was called, for example `bpf(BPF_MAP_CREATE)`. */
  readonly call: string;
  /** Positive errno. */
  readonly errno: number;

  constructor(call: string, errno: number, message: string, next = "", options?: ErrorOptions) {
    super(message, next, options);
    this.call = call;
    this.errno = errno;
  }
}
