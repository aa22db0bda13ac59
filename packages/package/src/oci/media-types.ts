/** Wasm modules, as eunomia's `ecli push` writes them. */
export const WASM_LAYER = "application/vnd.wasm.content.layer.v1+wasm";
export const WASM_CONFIG = "application/vnd.wasm.config.v1+json";
/** Wasm modules as others write them (CNCF, "Wasm OCI artifact layout"). */
export const WASM_LAYERS: readonly string[] = [WASM_LAYER, "application/wasm"];

/** Packages: the type of the artifact, and of its first layer. */
export const PACKAGE_ARTIFACT = "application/vnd.skep.package.v1";
export const PACKAGE_JSON = "application/vnd.skep.package.v1+json";
export const PACKAGE_YAML = "application/vnd.skep.package.v1+yaml";
export const PACKAGE_TAR = "application/vnd.skep.package.v1+tar";
export const PACKAGE_LAYERS: readonly string[] = [PACKAGE_JSON, PACKAGE_YAML, PACKAGE_TAR];

/** The ELF object, under Inspektor Gadget's name for it. */
export const ELF_LAYER = "application/vnd.gadget.ebpf.program.v1+binary";

/** The config of ordinary images, where bpfman looks for its labels. */
export const IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json";

/** Ordinary image layers, in which bpfman's images carry the object. */
export const TAR_LAYERS: readonly string[] = [
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar",
];

export const TITLE = "org.opencontainers.image.title";
