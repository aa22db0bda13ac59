import type { Kernel } from "../linux/kernel.ts";
import { ATTACH_PROBES } from "./features-attach.ts";
import type { Probe } from "./features-attempt.ts";
import { BTF_PROBES } from "./features-btf.ts";
import { CONTEXT_PROBES } from "./features-context.ts";
import { hasHelper } from "./features-helpers.ts";
import { hasMapType } from "./features-maps.ts";
import { OBJECT_PROBES } from "./features-objects.ts";
import { hasProgramType } from "./features-types.ts";

/** Every feature that is probed, with the first kernel that has it. */
export const PROBES = {
  ...OBJECT_PROBES,
  ...BTF_PROBES,
  ...CONTEXT_PROBES,
  ...ATTACH_PROBES,
} satisfies Record<string, Probe>;

export type FeatureName = keyof typeof PROBES;

/**
 * What the running kernel can do, found out by trying, on first use. An answer is kept; a refusal to answer
 * (`PermissionError`) is thrown, every time.
 */
export interface Features extends Readonly<Record<FeatureName, boolean>> {
  /** BPF_PROG_TYPE_*. @throws {PermissionError} */
  hasProgramType(type: number): boolean;
  /** BPF_MAP_TYPE_*. @throws {PermissionError} */
  hasMapType(type: number): boolean;
  /** May programs of `programType` call the helper function of this number (enum bpf_func_id)? @throws {PermissionError} */
  hasHelper(programType: number, helper: number): boolean;
}

const known = new WeakMap<Kernel, Features>();

/** The features of a kernel, one object per kernel. Asks nothing yet. */
export function featuresOf(kernel: Kernel): Features {
  const features = known.get(kernel) ?? createFeatures(kernel);
  known.set(kernel, features);
  return features;
}

function createFeatures(kernel: Kernel): Features {
  const answers = new Map<string, boolean>();
  const once = (question: string, ask: () => boolean): boolean => {
    const answer = answers.get(question) ?? ask();
    answers.set(question, answer);
    return answer;
  };
  const features = {
    hasProgramType: (type: number) => once(`program type ${type}`, () => hasProgramType(kernel, type)),
    hasMapType: (type: number) => once(`map type ${type}`, () => hasMapType(kernel, type)),
    hasHelper: (type: number, helper: number) =>
      once(`helper ${helper} of ${type}`, () => hasHelper(kernel, type, helper)),
  };
  for (const [name, probe] of Object.entries<Probe>(PROBES)) {
    Object.defineProperty(features, name, {
      enumerable: true,
      get: () => once(name, () => probe.detect(kernel)),
    });
  }
  return features as Features;
}
