import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { koffiNative } from "../../src/linux/koffi.ts";
import { openPipe } from "./pipe.ts";

// Run as a process of its own: only its workers load koffi. The first ends by itself, the second is terminated.
if (isMainThread) {
  for (const end of ["end", "terminate"]) {
    const worker = new Worker(fileURLToPath(import.meta.url));
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    await new Promise((resolve) => worker.once("message", resolve));
    if (end === "terminate") await worker.terminate();
    else worker.postMessage(end);
    await ended;
    console.log(end);
  }
} else {
  const pipe = openPipe();
  const watch = koffiNative().onReadable(pipe.read, () => {});
  parentPort?.once("message", () => watch[Symbol.dispose]());
  parentPort?.postMessage("watching");
}
