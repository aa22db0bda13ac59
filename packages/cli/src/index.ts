export { ecc } from "./ecc-main.ts";
export { ecli } from "./ecli-main.ts";
export { skep } from "./skep-main.ts";
