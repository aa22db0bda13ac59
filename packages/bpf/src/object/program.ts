import { attachProgram } from "../links/attach.ts";
import type { Link } from "../links/link.ts";
import type { AttachOptions } from "../links/options.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { pinError, removePin } from "../linux/pinning.ts";
import type { LoadedProgram } from "../load/program.ts";
import { type ProgramInfo, programInfo } from "../load/program-info.ts";
import type { ProgramSpec } from "../spec/object-spec.ts";

/** What a program needs of the object that it belongs to. */
export interface ProgramOwner {
  readonly maps: AttachOptions["maps"];
  readonly btf: AttachOptions["btf"];
  /** Takes over a link, to be closed with the object. */
  adopt(link: Link): void;
}

/** A program in the kernel. It lives as long as its object, unless pinned. */
export class Program implements LoadedProgram {
  readonly name: string;
  readonly spec: ProgramSpec;
  readonly type: number;
  readonly attachType: number | undefined;
  readonly fd: OwnedFd;
  readonly kernel: Kernel;
  /** What the verifier said; empty unless `load({ logLevel })` asked for it. */
  readonly verifierLog: string;
  /** Whether `BpfObject.attach()` attaches it. */
  readonly autoattach: boolean;
  readonly #owner: ProgramOwner;
  #info: ProgramInfo | undefined;

  constructor(loaded: LoadedProgram, autoattach: boolean, owner: ProgramOwner) {
    this.name = loaded.name;
    this.spec = loaded.spec;
    this.type = loaded.type;
    this.attachType = loaded.attachType;
    this.fd = loaded.fd;
    this.kernel = loaded.kernel;
    this.verifierLog = loaded.verifierLog ?? "";
    this.autoattach = autoattach;
    this.#owner = owner;
  }

  /** The kernel's id, as `bpftool prog show` lists it. @kernel 4.13 */
  get id(): number {
    return this.info.id;
  }

  /** 16 hexadecimal digits: a hash of the instructions. @kernel 4.13 */
  get tag(): string {
    return this.info.tag;
  }

  /** What the kernel says about the program. @kernel 4.13 @throws {SyscallError} */
  get info(): ProgramInfo {
    this.#info ??= programInfo(this.kernel, this.fd);
    return this.#info;
  }

  /**
   * Attaches the program the way its SEC() name says, with what the options add or replace. The link is closed with the
   * object, or earlier by `link.close()`.
   * @throws {InvalidArgumentError} when the section names no way of attaching, or an option is missing
   * @throws {NotFoundError} when the target does not exist; {UnsupportedError} when the kernel cannot
   */
  attach(options: AttachOptions | string = {}): Link {
    const given = typeof options === "string" ? { target: options } : options;
    const { maps, btf } = this.#owner;
    const link = attachProgram(this, { ...(maps === undefined ? {} : { maps }), btf, ...given });
    this.#owner.adopt(link);
    return link;
  }

  /**
   * Makes the program a file of a mounted bpf file system, where it outlives this process.
   * @kernel 4.4
   * @throws {InvalidArgumentError} when the file exists; {NotFoundError} when the folder is in no bpf file system; {SyscallError}
   */
  pin(path: string): void {
    try {
      this.kernel.bpf.objPin(this.fd, path);
    } catch (error) {
      throw pinError(error, `program ${this.name}`, path);
    }
  }

  /** Removes a pin; the program lives on while anything uses it. @throws {NotFoundError} {SyscallError} */
  unpin(path: string): void {
    removePin(this.kernel, path);
  }
}
