import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runInVm, VM_KERNELS, vmUnavailable } from "../../../test/vm.ts";

const script = fileURLToPath(new URL("tools-in-vm.mjs", import.meta.url));

interface Report {
  readonly pid: number;
  readonly directory: string;
  readonly tools: Readonly<
    Record<
      string,
      {
        readonly code: number;
        readonly stderr: string;
        readonly events: readonly Readonly<Record<string, unknown>>[];
      }
    >
  >;
}

describe.each(VM_KERNELS)("prebuilt tools on Linux %s", (kernel) => {
  it("attach, and report each thing that happened once", { timeout: 300_000 }, async (context) => {
    const reason = await vmUnavailable(kernel);
    if (reason !== undefined) return context.skip(reason);
    const tools = ["kprobe-link", "fentry-link", "exitsnoop", "execsnoop", "opensnoop", "sigsnoop"];
    const { stdout, stderr } = await runInVm(kernel, ["node", script, ...tools], { timeoutSeconds: 240 });
    expect(stdout, stderr).toMatch(/^\{/);
    const { pid, directory, tools: reports } = JSON.parse(stdout) as Report;
    const messages = (tool: string) =>
      reports[tool]?.events.filter((event) => event.pid === pid).map(({ message }) => message);
    const paths = ["one", "two", "three"].map((name) => `${directory}/${name}`);

    for (const tool of tools) expect(reports[tool]?.code, reports[tool]?.stderr).toBe(0);
    expect(messages("kprobe-link")).toEqual(
      paths.flatMap((path) => [
        `KPROBE ENTRY pid = ${pid}, filename = ${path}`,
        `KPROBE EXIT: pid = ${pid}, ret = 0`,
      ]),
    );
    expect(messages("fentry-link")).toEqual(
      paths.flatMap((path) => [
        `fentry: pid = ${pid}, filename = ${path}`,
        `fexit: pid = ${pid}, filename = ${path}, ret = 0`,
      ]),
    );
    expect(reports.exitsnoop?.events.filter(({ ppid }) => ppid === pid)).toEqual([
      expect.objectContaining({ exit_code: 42, sig: 0, comm: "sh" }),
    ]);
    expect(reports.execsnoop?.events.filter(({ ppid }) => ppid === pid)).toEqual([
      expect.objectContaining({ comm: "true", filename: "/bin/true" }),
    ]);
    expect(
      reports.opensnoop?.events.filter((event) => event.pid === pid && event.path === "/etc/hostname"),
    ).toHaveLength(1);
    expect(reports.sigsnoop?.events.filter((event) => event.pid === pid && event.tpid === pid)).toEqual([
      expect.objectContaining({ sig: 0, ret: 0 }),
    ]);
  });
});
