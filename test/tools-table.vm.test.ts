import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readPackage } from "@skep/package";
import { afterAll, describe, expect, it } from "vitest";
import { runInVm, VM_KERNELS, vmUnavailable } from "./vm.ts";

/**
 * docs/tools.md: what `skep doctor` says of every bundled tool on every kernel that we test on. This test is what writes it:
 * `UPDATE_GOLDEN=1 npx vitest run --project vm test/tools-table.vm.test.ts`.
 */
const page = fileURLToPath(new URL("../docs/tools.md", import.meta.url));
const tools = fileURLToPath(new URL("../tools/", import.meta.url));
const skep = fileURLToPath(new URL("../packages/cli/bin/skep.cjs", import.meta.url));
const update = process.env.UPDATE_GOLDEN === "1";

/** The kernel of a cloud machine that was built without kprobes and forbids trampolines. */
const LOCKED_DOWN = "6.18, no kprobes or fentry";

interface Verdict {
  readonly state: "yes" | "limited" | "no";
  readonly text: string;
  /** The rungs taken, `GROUP/RUNG`. */
  readonly value?: readonly string[];
}
interface Report {
  readonly release: string;
  readonly ways_to_attach: Readonly<Record<string, { readonly state: string }>>;
  readonly tools: Readonly<Record<string, Verdict>>;
}

const columns = new Map<string, ReadonlyMap<string, string>>();

function column({ tools }: Report): ReadonlyMap<string, string> {
  return new Map(Object.entries(tools).map(([tool, verdict]) => [tool, cell(verdict)]));
}

function cell({ state, text, value }: Verdict): string {
  if (state === "yes") return text.includes("told more") ? "runs, told what" : "runs";
  if (state === "limited") return value === undefined ? "runs in part" : `runs: ${value.join(", ")}`;
  return "no";
}

/** The cells of a column as the page has them. */
function written(title: string): ReadonlyMap<string, string> {
  const rows = readFileSync(page, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|"));
  const cells = rows.map((row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((text) => text.trim()),
  );
  const at = cells[0]?.indexOf(title) ?? -1;
  return new Map(cells.slice(2).map((row) => [/\[(.*?)\]/.exec(row[0] ?? "")?.[1] ?? "", row[at] ?? ""]));
}

function check(title: string, report: Report): void {
  columns.set(title, column(report));
  if (!update) expect(Object.fromEntries(column(report))).toEqual(Object.fromEntries(written(title)));
}

function about(tool: string): string {
  const { meta } = readPackage(readFileSync(`${tools}${tool}/package.json`));
  const { brief, description } = meta.bpf_skel.doc ?? {};
  const text = typeof brief === "string" ? brief : typeof description === "string" ? description : "";
  return text.split("\n")[0] ?? "";
}

function write(): void {
  const titles = [...columns.keys()];
  const names = readdirSync(tools)
    .filter((name) => existsSync(`${tools}${name}/package.json`))
    .sort();
  const rows = names.map((tool) => [
    `[${tool}](../tools/${tool})`,
    about(tool),
    ...titles.map((title) => columns.get(title)?.get(tool) ?? ""),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  writeFileSync(
    page,
    `# Tools

What each bundled tool shows, and how it runs on the kernels that the tests boot: Debian's, and one without kprobes and fentry.
"runs: GROUP/RUNG" names the rung of an attach ladder that this kernel allows where it is not the first. \`skep doctor\` says the same,
with the reasons, of the machine it is run on.

${[line(["tool", "shows", ...titles]), line(["---", "---", ...titles.map(() => "---")]), ...rows.map(line)].join("\n")}

Written by \`UPDATE_GOLDEN=1 npx vitest run --project vm test/tools-table.vm.test.ts\`; CI compares.
`,
  );
}

describe("docs/tools.md says how every tool runs", () => {
  for (const kernel of VM_KERNELS)
    it(`on Linux ${kernel}`, async (context) => {
      const reason = await vmUnavailable(kernel);
      if (reason !== undefined) context.skip(reason);
      const command = [process.execPath, skep, "doctor", "--json"];
      const { status, stdout, stderr } = await runInVm(kernel, command);
      expect({ status, stderr }).toMatchObject({ status: 0 });
      check(kernel, JSON.parse(stdout) as Report);
    });

  it("on a kernel without kprobes and fentry", async (context) => {
    const { stdout } = await promisify(execFile)(process.execPath, [skep, "doctor", "--json"]);
    const report = JSON.parse(stdout) as Report;
    const ways = report.ways_to_attach;
    if (ways["kprobe, ksyscall"]?.state !== "no" || ways["fentry, fexit"]?.state !== "no")
      context.skip(`this kernel (${report.release}) has kprobes or fentry`);
    check(LOCKED_DOWN, report);
  });

  afterAll(() => {
    if (update) write();
  });
});
