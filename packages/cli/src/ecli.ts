import { ecli } from "./ecli-main.ts";
import { start } from "./start.ts";

await start("ecli", ecli);
