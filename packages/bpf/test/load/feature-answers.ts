import type { Kernel } from "../../src/linux/kernel.ts";
import { versionCode } from "../../src/linux/kernel-version.ts";
import { lockdown } from "../../src/linux/lockdown.ts";
import { type FeatureName, type Features, PROBES } from "../../src/load/features.ts";
import { MAP_TYPES } from "../../src/load/features-maps.ts";
import { PROGRAM_TYPES } from "../../src/load/features-types.ts";
import { mapTypeName } from "../../src/spec/map-types.ts";
import { programTypeName } from "../../src/spec/program-types.ts";

export interface FeatureAnswer {
  readonly name: string;
  readonly since: string;
  readonly ask: () => boolean;
}

/** Every question that can be put to a kernel. */
export function featureAnswers(features: Features): readonly FeatureAnswer[] {
  const probes = Object.entries(PROBES).map(([name, { since }]) => ({
    name,
    since,
    ask: () => features[name as FeatureName],
  }));
  const programs = [...PROGRAM_TYPES].map(([type, { since }]) => ({
    name: programTypeName(type),
    since,
    ask: () => features.hasProgramType(type),
  }));
  const maps = [...MAP_TYPES].map(([type, { since }]) => ({
    name: mapTypeName(type),
    since,
    ask: () => features.hasMapType(type),
  }));
  return [...probes, ...programs, ...maps];
}

/** True for a kernel at or after `since`, as in `5.10`. */
export function reached(version: number, since: string): boolean {
  const [major, minor] = since.split(".").map(Number);
  return version >= versionCode(major ?? 0, minor ?? 0);
}

/** Options without which a kernel of any age says no. */
const OPTIONS: Readonly<Record<string, string>> = {
  kprobes: "CONFIG_KPROBE_EVENTS",
  kprobeMulti: "CONFIG_FPROBE",
  uprobes: "CONFIG_UPROBE_EVENTS",
  BPF_PROG_TYPE_LIRC_MODE2: "CONFIG_BPF_LIRC_MODE2",
  BPF_PROG_TYPE_LSM: "CONFIG_BPF_LSM",
  BPF_PROG_TYPE_NETFILTER: "CONFIG_NETFILTER_BPF_LINK",
};

const TRAMPOLINES: readonly string[] = ["fentry", "BPF_PROG_TYPE_EXT", "BPF_PROG_TYPE_LSM"];

/** Why a kernel that is new enough lacks a feature all the same; undefined when nothing explains it. */
export function reasonForAbsence(kernel: Kernel, name: string): string | undefined {
  const option = OPTIONS[name];
  if (option !== undefined && kernel.config?.get(option) === undefined) return `built without ${option}`;
  const level = lockdown(kernel.native);
  if (TRAMPOLINES.includes(name) && level !== undefined && level !== "none") {
    return `locked down (${level}): this kernel refuses trampolines`;
  }
  return undefined;
}
