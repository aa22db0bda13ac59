#!/bin/sh
# Entry of the container image: compiles the *.bpf.c in the current folder, /src. A single program exports the single header's
# structs; of several, each takes the header of its own name and gets a folder of its own. Arguments go to ecc.
set -eu
ecc=${ECC:-/skep/bin/ecc.cjs}

sources=0
for source in *.bpf.c; do
  [ ! -e "$source" ] || sources=$((sources + 1))
done
if [ "$sources" = 0 ]; then
  echo "compile-src: no *.bpf.c in $PWD: mount the folder that has one, -v \"\$(pwd)\":/src" >&2
  exit 66
fi

# Prints the header that goes with a source, if there is one.
header_of() {
  own=${1%.bpf.c}.h
  if [ -e "$own" ]; then
    echo "$own"
  elif [ "$sources" = 1 ]; then
    set --
    for header in *.h; do
      case $header in
      *.bpf.h | vmlinux*.h) ;;
      *) [ ! -e "$header" ] || set -- "$@" "$header" ;;
      esac
    done
    [ $# != 1 ] || echo "$1"
  fi
}

for source in *.bpf.c; do
  header=$(header_of "$source")
  output=.
  [ "$sources" = 1 ] || output=${source%.bpf.c}
  node "$ecc" "$source" ${header:+"$header"} -o "$output" "$@"
done
