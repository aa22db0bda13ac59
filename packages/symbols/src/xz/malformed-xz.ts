import { MalformedError } from "@skep/bpf";

export function malformedXz(message: string): MalformedError {
  return new MalformedError(`xz: ${message}`, "the file is damaged or cut off");
}
