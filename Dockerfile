# Compiles the *.bpf.c of a folder:  docker run --rm -v "$(pwd)":/src IMAGE
# What follows IMAGE goes to ecc:    docker run --rm -v "$(pwd)":/src IMAGE -a=-DDEBUG --wasm-header
FROM node:22-bookworm-slim AS build
WORKDIR /skep
COPY . .
RUN npm ci --ignore-scripts && npm run build

FROM node:22-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends clang libbpf-dev linux-libc-dev xz-utils \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /skep/packages/cli/package.json /skep/
COPY --from=build /skep/packages/cli/bin /skep/bin
COPY --from=build /skep/packages/cli/dist /skep/dist
COPY --from=build /skep/node_modules/koffi /skep/node_modules/koffi
COPY --from=build /skep/node_modules/@koromix /skep/node_modules/@koromix
COPY scripts/compile-src.sh /skep/
WORKDIR /src
ENTRYPOINT ["/skep/compile-src.sh"]
