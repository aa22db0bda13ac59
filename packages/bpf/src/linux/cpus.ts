import { MalformedError } from "../errors.ts";
import type { Files } from "./files.ts";
import { readText } from "./read-file.ts";

const MAX_CPUS = 65536;

/**
 * How many values a per-CPU map holds for each key: the highest possible CPU number plus one, which is neither the
 * number of CPUs that are online nor `os.cpus().length`. A buffer sized by those is too short, and the kernel
 * writes past its end.
 */
export function possibleCpus(files: Files): number {
  return Math.max(...parseCpuList(readText(files, "/sys/devices/system/cpu/possible"))) + 1;
}

/** CPUs that perf_event_open(2) accepts; it answers ENODEV for the others. */
export function onlineCpus(files: Files): readonly number[] {
  return parseCpuList(readText(files, "/sys/devices/system/cpu/online"));
}

/** The kernel's list format, `0-3,8`: Documentation/admin-guide/cputopology.rst. @throws {MalformedError} */
export function parseCpuList(text: string): readonly number[] {
  const cpus = text
    .trim()
    .split(",")
    .flatMap((range) => {
      const [, low, high] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range) ?? [];
      const first = Number(low);
      const last = Number(high ?? low);
      if (low === undefined || last < first || last >= MAX_CPUS) {
        throw new MalformedError(`"${text}" is not a list of CPU numbers`, "expected something like 0-3,8");
      }
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  return cpus;
}
