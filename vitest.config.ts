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
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
