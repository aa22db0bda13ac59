import { readFileSync } from "node:fs";
import { endianness, machine } from "node:os";
import { type Btf, hostKernel, readClock } from "@skep/bpf";
import { cgroupRoot } from "../attach/cgroup-root.ts";
import type { Naming } from "../output/naming.ts";
import { CgroupPaths } from "./cgroup-paths.ts";
import type { ClockName, Machine } from "./machine.ts";

/** The machine this process runs on. Everything is read when first asked for. */
export class HostMachine implements Machine {
  readonly littleEndian = endianness() === "LE";
  readonly architecture = machine();
  #users: ReadonlyMap<number, string> | undefined;
  #cgroups: CgroupPaths | undefined;
  #types: { readonly btf: Btf | undefined } | undefined;
  readonly #naming: Naming | undefined;

  /** @param naming left out where no addresses are shown */
  constructor(naming?: Naming) {
    this.#naming = naming;
  }

  now(clock: ClockName): bigint {
    return readClock(hostKernel().native, clock);
  }

  userName(uid: number): string | undefined {
    this.#users ??= readUsers();
    return this.#users.get(uid);
  }

  cgroupPath(id: bigint): string | undefined {
    this.#cgroups ??= new CgroupPaths(cgroupRoot());
    return this.#cgroups.find(id);
  }

  kernelTypes(): Btf | undefined {
    this.#types ??= { btf: tryKernelTypes() };
    return this.#types.btf;
  }

  kernelSymbol(address: bigint): string | undefined {
    return this.#naming?.kernelSymbol(address);
  }

  stackFrames(
    kind: "kernel" | "user",
    addresses: readonly bigint[],
    pid: number | undefined,
  ): readonly string[] | undefined {
    return this.#naming?.stackFrames(kind, addresses, pid);
  }
}

/** Users of this machine, not those of a directory service: asking one for every event would take its time. */
function readUsers(): ReadonlyMap<number, string> {
  const users = new Map<number, string>();
  try {
    for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
      const [name = "", , uid = ""] = line.split(":");
      // The first name of a user is the usual one.
      if (/^\d+$/.test(uid) && !users.has(Number(uid))) users.set(Number(uid), name);
    }
  } catch {
    // No such file in some containers: users are numbers then.
  }
  return users;
}

function tryKernelTypes(): Btf | undefined {
  try {
    return hostKernel().btf();
  } catch {
    return undefined;
  }
}
