import type { Frame, Profile, ValueUnit } from "./profile.ts";

/** Units that speedscope knows; `none` for numbers that just count. */
const UNITS: Readonly<Record<ValueUnit, string>> = {
  count: "none",
  bytes: "bytes",
  nanoseconds: "nanoseconds",
  microseconds: "microseconds",
  milliseconds: "milliseconds",
  seconds: "seconds",
};

/** A profile as a file for https://www.speedscope.app: one picture for each type of value. */
export function speedscope(profile: Profile, exporter: string): string {
  const frames = new Map<string, { readonly index: number; readonly frame: Frame }>();
  const indexOf = (frame: Frame): number => {
    const { kind, name, module = "", file = "", line = "" } = frame;
    const id = [kind, name, module, file, line].join("\0");
    const known = frames.get(id) ?? { index: frames.size, frame };
    frames.set(id, known);
    return known.index;
  };
  const samples = profile.samples.map((sample) => sample.frames.map(indexOf));
  const profiles = profile.types.map(({ name, unit }, type) => {
    const weights = profile.samples.map(({ values }) => Number(values[type] ?? 0n));
    const endValue = weights.reduce((sum, weight) => sum + weight, 0);
    return { type: "sampled", name, unit: UNITS[unit], startValue: 0, endValue, samples, weights };
  });
  return JSON.stringify({
    $schema: "https://www.speedscope.app/file-format-schema.json",
    shared: { frames: [...frames.values()].map(({ frame }) => frameOf(frame)) },
    profiles,
    name: profile.title,
    activeProfileIndex: profile.main,
    exporter,
  });
}

function frameOf({ name, module, file, line }: Frame) {
  const place = file ?? module;
  return {
    name,
    ...(place === undefined ? {} : { file: place }),
    ...(file === undefined || line === undefined ? {} : { line }),
  };
}
