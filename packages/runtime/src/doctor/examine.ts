import { hostKernel } from "@skep/bpf";
import type { Package } from "@skep/package";
import { attachFindings, featureFindings } from "./feature-findings.ts";
import type { Finding } from "./finding.ts";
import { kernelFindings } from "./kernel-findings.ts";
import { processFindings } from "./process-findings.ts";
import { toolFinding } from "./tool-finding.ts";

/** What was found out about this machine. */
export interface Examination {
  readonly release: string;
  readonly machine: string;
  readonly chapters: readonly Chapter[];
}

export interface Chapter {
  readonly title: string;
  readonly findings: readonly Finding[];
}

/**
 * Looks at everything that decides what runs here. Needs no rights; says what it may not see.
 * @param tools packages to be tried, loaded and attached for a moment where this process may
 */
export async function examine(
  tools: readonly { readonly name: string; readonly read: () => Package }[],
): Promise<Examination> {
  const kernel = hostKernel();
  const tried: Finding[] = [];
  for (const { name, read } of tools) tried.push(await toolFinding(name, read()));
  return {
    release: kernel.release,
    machine: kernel.machine,
    chapters: [
      { title: "Kernel", findings: kernelFindings(kernel) },
      { title: "This process", findings: processFindings() },
      { title: "Ways to attach", findings: attachFindings(kernel) },
      { title: "Program types", findings: featureFindings(kernel, "program type") },
      { title: "Map types", findings: featureFindings(kernel, "map type") },
      { title: "Features", findings: featureFindings(kernel, "feature") },
      { title: "Tools", findings: tried },
    ],
  };
}
