export {
  BpfError,
  ClosedError,
  InvalidArgumentError,
  MalformedError,
  NotFoundError,
  NotImplementedError,
  PermissionError,
  RelocationError,
  SyscallError,
  UnsupportedError,
  VerifierError,
} from "./errors.ts";
