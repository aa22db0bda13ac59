import { InvalidArgumentError, NotFoundError, SyscallError } from "../errors.ts";
import { ENODEV, failedWith } from "../linux/errno.ts";
import { interfaceIndex } from "../linux/interfaces.ts";
import type { LoadedProgram } from "../load/program.ts";
import { attachError } from "./attach-error.ts";
import { type AttachOptions, missingOption } from "./options.ts";

/** Packets of every protocol, ETH_P_ALL (include/uapi/linux/if_ether.h), as the wire has it. */
export const ETH_P_ALL_BIG_ENDIAN = 0x0300;

/** The index of the interface that a program is to be attached to. @throws {InvalidArgumentError} {NotFoundError} */
export function requiredInterface(program: LoadedProgram, options: AttachOptions): number {
  const chosen = options.interface;
  if (chosen === undefined) throw missingOption(program, "a network interface", 'interface: "eth0"');
  if (typeof chosen === "string") return interfaceIndex(chosen, program.kernel.files);
  if (!Number.isInteger(chosen) || chosen <= 0) {
    throw new InvalidArgumentError(
      `${chosen} is not an interface index`,
      "pass a positive integer or a name",
    );
  }
  return chosen;
}

/** For messages: the name the caller used, or the index. */
export function interfaceText(options: AttachOptions): string {
  return typeof options.interface === "number" ? `interface ${options.interface}` : String(options.interface);
}

/** What a failed attachment to an interface means; the kernel's own sentence, where it gave one, is kept. */
export function interfaceError(error: unknown, subject: string): unknown {
  if (failedWith(error, ENODEV)) {
    return new NotFoundError(`there is no such interface for ${subject}`, "list them: ip link", {
      cause: error,
    });
  }
  if (error instanceof SyscallError && error.call === "netlink") {
    return new SyscallError(
      error.call,
      error.errno,
      `attaching to ${subject} failed: ${error.message}`,
      error.next,
      {
        cause: error,
      },
    );
  }
  return attachError(error, subject);
}
