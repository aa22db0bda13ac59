import { skep } from "./skep-main.ts";
import { start } from "./start.ts";

await start("skep", skep);
