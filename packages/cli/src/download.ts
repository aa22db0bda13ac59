// A module of its own, so that a run that fetches nothing does not load it.
export { fetchInput as download } from "@skep/package/distribution";
