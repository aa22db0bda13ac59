import { type BpfObject, EventMap, HOST_IS_LITTLE_ENDIAN, MalformedError } from "@skep/bpf";
import type { PackageMeta } from "@skep/package";
import type { Feed } from "../events/feed.ts";
import type { Naming } from "../output/naming.ts";

/** Ring buffers with `@processes`. */
export function processBuffers(meta: PackageMeta): readonly string[] {
  return meta.bpf_skel.maps.filter(({ processes }) => processes === true).map(({ name }) => name);
}

/** Variables with `@command`: true where the run starts the command that it looks at. */
export function commandVariables(meta: PackageMeta): readonly string[] {
  return meta.bpf_skel.data_sections.flatMap(({ variables }) =>
    variables.filter(({ command }) => command === true).map(({ name }) => name),
  );
}

/**
 * Ids of processes, each in four bytes: stacks of theirs will be shown. What they have mapped is read at once, because they may
 * be gone when it is needed.
 * @param known is told when that is done
 * @throws {MalformedError} when the map is no buffer
 */
export function processesFeed(
  object: BpfObject,
  name: string,
  naming: Naming | undefined,
  known: (pid: number) => void,
): Feed {
  const map = object.map(name);
  if (!(map instanceof EventMap))
    throw new MalformedError(`@processes of map ${name}: it is a ${map.typeName}`, "make it a ring buffer");
  const emit = (record: Uint8Array) => {
    if (record.length < 4) return;
    const pid = new DataView(record.buffer, record.byteOffset).getUint32(0, HOST_IS_LITTLE_ENDIAN);
    naming?.remember(pid);
    known(pid);
  };
  return {
    // The last look at a map wants to know the processes.
    live: true,
    start: () => map.consume(emit, {}),
    drain: () => void map.drain(emit, {}),
    // What is not read in time is read with the next look.
    lost: () => [],
    close: () => map.close(),
  };
}
