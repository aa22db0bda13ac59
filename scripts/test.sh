#!/usr/bin/env bash
# The whole test suite, from a fresh checkout (after `npm ci`):
#   1. installs the Debian packages that the tests need and that are missing, and says which
#   2. builds, lints
#   3. pure tests (no root needed)
#   4. tests on other kernels, which boot in virtual machines, one for each CPU at a time; tests on the running kernel, one file
#      at a time (root)
# Ends with one line: `Tests: N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  clang         # compiles kernel-side fixtures and tools
  libbpf-dev    # bpf_helpers.h, and libbpf itself as the oracle
  bpftool       # program tags, left-over programs
  libbpf-tools  # 61 real objects for the oracle; peers of the benchmarks
  systemtap-sdt-dev # sys/sdt.h, for the USDT fixture
  qemu-system-x86 # other kernels
  openjdk-17-jdk-headless # a JVM whose collections javagc counts
  libjemalloc2 # another allocator, whose leaks memleak finds
  docker-registry apache2-utils skopeo # a registry to push to, its users, and another client to compare with
  lld wasi-libc libclang-rt-dev-wasm32 # WebAssembly programs in C
  chromium # flame graphs and pictures of histograms, as their readers open them (113 MB to load, 370 MB installed)
  zsh fish bash-completion # shells to complete words in
  gcc g++ llvm libc6-dev binutils openssl perl python3 iproute2 util-linux procps zstd xz-utils
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "test: these packages are missing and there is no apt-get to install them: ${missing[*]}" >&2
    exit 1
  fi
  sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  echo "test: installing Debian packages: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "test: all Debian packages are here: ${packages[*]}"
fi

step() { printf '\n== %s\n' "$*"; }

step "build"
npm run --silent build
report=$(mktemp -d)
trap 'rm -rf "$report"' EXIT
status=0

step "lint and types of the tests"
npm run --silent lint || status=1
npx tsc -b || status=1

step "pure tests"
npx vitest run --project unit --reporter=default --reporter=json --outputFile.json="$report/unit.json" || status=1

kernel_tests=(npx vitest run --project vm --project kernel --reporter=verbose --reporter=json "--outputFile.json=$report/kernel.json")
step "kernel tests"
if [ "$(id -u)" = 0 ]; then
  "${kernel_tests[@]}" || status=1
elif sudo -n true 2>/dev/null; then
  sudo --preserve-env=PATH env "PATH=$PATH" "${kernel_tests[@]}" || status=1
else
  echo "test: not root and sudo asks for a password: the kernel tests did not run" >&2
  status=1
fi

node scripts/count-tests.mjs "$report"/*.json || status=1
exit "$status"
