// Every benchmark, one after the other, with the ratios to peers that each prints:
//
//   npm run build && sudo npm run bench
//
// Peers that are not installed are left out (Debian: clang libbpf-dev libbpf-tools bpftrace). Quote ratios, not times: they hold when
// the machine is busy, which times do not.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const benches = [
  { file: "start-up.mjs", about: "exec to attached, peak memory" },
  { file: "btf-index.mjs", about: "the kernel's BTF", flags: ["--expose-gc"] },
  { file: "ring-buffer.mjs", about: "ring buffer at full rate" },
  { file: "map-iteration.mjs", about: "reading a whole map" },
  { file: "tools.mjs", about: "what tools cost those they watch" },
  { file: "output.mjs", about: "events to a file, to nowhere, to a slow reader" },
];

let failed = 0;
for (const { file, about, flags = [] } of benches) {
  console.log(`\n== ${file}: ${about}\n`);
  const path = fileURLToPath(new URL(file, import.meta.url));
  const { status } = spawnSync(process.execPath, [...flags, path], { stdio: "inherit" });
  if (status !== 0) failed++;
}
process.exitCode = failed;
