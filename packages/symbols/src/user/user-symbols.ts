import { readFileSync } from "node:fs";
import { BinaryCache } from "../elf/binary-cache.ts";
import { missing, type Symbolized } from "../symbolized.ts";
import { ProcessImage } from "./process-image.ts";

/** Processes whose memory is remembered. */
const MOST = 256;

/**
 * Names of addresses in processes: functions of programs and libraries, of the vdso, and of code that a runtime made and
 * described in a perf map file. What was asked of a process while it lived can be answered for a while after its end.
 */
export class UserSymbols {
  readonly #cache: BinaryCache;
  /** In order of use. */
  readonly #images = new Map<number, ProcessImage>();

  constructor(cache = new BinaryCache()) {
    this.#cache = cache;
  }

  /** Reads what the process has mapped now, for later questions. @returns whether it is known */
  remember(pid: number): boolean {
    return this.#imageOf(pid) !== undefined;
  }

  /** One answer for each address, in their order. Never throws for what is not there. */
  symbolize(pid: number, addresses: readonly bigint[]): Symbolized[] {
    const image = this.#imageOf(pid);
    return image === undefined ? addresses.map(() => missing("gone")) : image.symbolize(addresses);
  }

  #imageOf(pid: number): ProcessImage | undefined {
    const text = readMaps(pid);
    const known = this.#images.get(pid);
    this.#images.delete(pid);
    const image =
      known !== undefined && (text === undefined || text === "" || text === known.text)
        ? known
        : text === undefined
          ? undefined
          : new ProcessImage(pid, text, this.#cache);
    if (image !== undefined) this.#images.set(pid, image);
    for (const oldest of this.#images.keys()) {
      if (this.#images.size <= MOST) break;
      this.#images.delete(oldest);
    }
    return image;
  }
}

/** undefined when the process is gone; empty for a thread of the kernel, and for a process that is about to end. */
function readMaps(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/maps`, "utf8");
  } catch {
    return undefined;
  }
}
