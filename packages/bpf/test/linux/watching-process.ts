import { writeSync } from "node:fs";
import { koffiNative } from "../../src/linux/koffi.ts";
import { openPipe } from "./pipe.ts";

// Run as a process of its own: its first callback throws, its second one ends the watch, and then nothing keeps it.
const pipe = openPipe();
let calls = 0;
const watch = koffiNative().onReadable(pipe.read, () => {
  pipe.drain();
  calls++;
  if (calls === 1) throw new Error("thrown in a callback");
  console.log("still watching");
  watch[Symbol.dispose]();
});
process.on("uncaughtException", (error) => {
  console.log(`caught: ${error.message}`);
  writeSync(pipe.write, "x");
});
writeSync(pipe.write, "x");
