import type { Kernel } from "../linux/kernel.ts";
import { mapTypeName } from "../spec/map-types.ts";
import { programTypeName } from "../spec/program-types.ts";
import { type FeatureName, featuresOf, PROBES } from "./features.ts";
import { MAP_TYPES } from "./features-maps.ts";
import { PROGRAM_TYPES } from "./features-types.ts";

/** Something that kernels have or lack. */
export interface KnownFeature {
  readonly kind: "program type" | "map type" | "feature";
  /** As the kernel's headers spell it: `BPF_MAP_TYPE_RINGBUF`; features have names of ours. */
  readonly name: string;
  /** The first release that has it, as in `5.8`. */
  readonly since: string;
  /** Tries it, the first time. @throws {PermissionError} when this process may not find out */
  detect(): boolean;
}

/** All that can be asked of a kernel. Asks nothing yet. */
export function knownFeatures(kernel: Kernel): readonly KnownFeature[] {
  const features = featuresOf(kernel);
  const programs = [...PROGRAM_TYPES].map(([type, { since }]): KnownFeature => {
    const detect = () => features.hasProgramType(type);
    return { kind: "program type", name: programTypeName(type), since, detect };
  });
  const maps = [...MAP_TYPES].map(([type, { since }]): KnownFeature => {
    const detect = () => features.hasMapType(type);
    return { kind: "map type", name: mapTypeName(type), since, detect };
  });
  const others = Object.entries(PROBES).map(([name, { since }]): KnownFeature => {
    const detect = () => features[name as FeatureName];
    return { kind: "feature", name, since, detect };
  });
  return [...programs, ...maps, ...others];
}
