import { defineConfig } from "vitest/config";

const resolve = { conditions: ["skep-source"] };
const ssr = { resolve: { conditions: ["skep-source"] } };

/**
 * Two projects. `unit` tests are pure: they need no root and no kernel feature and run in parallel.
 * `kernel` tests (`*.kernel.test.ts`) load real programs into the running kernel, one file at a time.
 */
export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: ["packages/*/{src,test}/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["**/*.kernel.test.ts", "**/node_modules/**", "**/dist/**"],
          isolate: false,
          // Some talk to real servers on loopback with time limits, on machines of any speed.
          retry: 1,
          testTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "kernel",
          include: ["packages/*/{src,test}/**/*.kernel.test.ts", "test/**/*.kernel.test.ts"],
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
