import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { vmUnavailable } from "../../../../test/vm.ts";

interface Row {
  readonly object: string;
  readonly mode: "open" | "all" | "one";
  readonly program: string;
  /** A tag, or `errno N`. */
  readonly libbpf: string;
  readonly skep: string;
  readonly message?: string;
}

const script = fileURLToPath(new URL("../../../../scripts/oracle.mjs", import.meta.url));

async function compare(...args: string[]): Promise<Row[]> {
  const options = { maxBuffer: 1 << 28 };
  const { stdout } = await promisify(execFile)(process.execPath, [script, "--json", ...args], options);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function expectAgreement(rows: readonly Row[]): void {
  expect(rows.length).toBeGreaterThan(300);
  expect(rows.filter((row) => !row.libbpf.startsWith("errno")).length).toBeGreaterThan(200);
  expect(rows.filter((row) => row.libbpf !== row.skep)).toEqual([]);
}

/** Each two minutes in a virtual machine without KVM: `SKEP_ORACLE_KERNELS="5.10 6.1 6.12"`. */
const kernels = (process.env.SKEP_ORACLE_KERNELS ?? "").split(/[ ,]+/).filter(Boolean);

describe.skipIf(!existsSync("/usr/include/bpf/libbpf.h"))(
  "the objects of libbpf-tools, loaded by libbpf and by us",
  () => {
    it("become the same programs, or are refused with the same errno", async () => {
      expectAgreement(await compare());
    });

    it.each(kernels)("also on kernel %s", { timeout: 900_000 }, async (kernel) => {
      const reason = await vmUnavailable(kernel);
      expect(reason).toBeUndefined();
      expectAgreement(await compare("--kernel", kernel));
    });
  },
);
