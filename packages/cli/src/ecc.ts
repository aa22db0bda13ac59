import { ecc } from "./ecc-main.ts";
import { start } from "./start.ts";

await start("ecc", ecc);
