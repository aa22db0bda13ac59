import { defineConfig } from "vitest/config";

const resolve = { conditions: ["skep-source"] };
const ssr = { resolve: { conditions: ["skep-source"] } };
const files = (suffix: string) => [`packages/*/{src,test}/**/*${suffix}`, `test/**/*${suffix}`];

/**
 * Three projects, one after the other. `unit` tests are pure: they need no root and no kernel feature. `vm` tests (`*.vm.test.ts`)
 * boot other kernels, and do not care what else happens here. Of both, as many files run at a time as there are CPUs. `kernel` tests
 * (`*.kernel.test.ts`) load real programs into the running kernel, one file at a time.
 */
export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: files(".test.ts"),
          exclude: ["**/*.{kernel,vm}.test.ts", "**/node_modules/**", "**/dist/**"],
          isolate: false,
          maxWorkers: "100%",
          // Some talk to real servers on loopback with time limits, on machines of any speed.
          retry: 1,
          testTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "vm",
          include: files(".vm.test.ts"),
          sequence: { groupOrder: 1 },
          pool: "forks",
          maxWorkers: "100%",
          // A virtual machine has a limit of its own, and says what it did until then.
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "kernel",
          include: files(".kernel.test.ts"),
          sequence: { groupOrder: 2 },
          fileParallelism: false,
          // These count what a whole machine does, and other things happen on it: once more before it counts as a failure.
          retry: 1,
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
