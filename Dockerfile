# syntax=docker/dockerfile:1
# Builds the server in one stage and keeps nothing but the binary in the next: no shell, no package manager, not root.
# It runs with a root file system that is read-only; what it writes lies in /data (with PostgreSQL: nothing at all).

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src

# First the dependencies alone, from the manifests and empty sources: a layer that stays until Cargo.lock changes.
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock ./
COPY crates/domain/Cargo.toml crates/domain/
COPY crates/graphql/Cargo.toml crates/graphql/
COPY crates/http/Cargo.toml crates/http/
COPY crates/infra/Cargo.toml crates/infra/
COPY crates/probe/Cargo.toml crates/probe/
COPY crates/server/Cargo.toml crates/server/
COPY crates/testkit/Cargo.toml crates/testkit/
COPY crates/trace/Cargo.toml crates/trace/
COPY crates/wire/Cargo.toml crates/wire/
COPY migration/Cargo.toml migration/
COPY tests/Cargo.toml tests/
COPY xtask/Cargo.toml xtask/
COPY vendor vendor
RUN for package in crates/* migration xtask; do mkdir -p "$package/src" && touch "$package/src/lib.rs"; done \
    && mkdir -p tests/it \
    && echo 'fn main() {}' > crates/server/src/main.rs \
    && echo 'fn main() {}' > tests/it/main.rs \
    && cargo build --release --locked --package rondo-server

# Then the server. Cargo compares times, and the sources' are older than those of what was built from the empty ones.
COPY crates crates
COPY migration migration
# What /metrics names as the commit. It is another one each time, so nothing before may depend on it.
ARG RONDO_COMMIT=""
RUN find crates migration -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --package rondo-server \
    && install -D target/release/rondo /out/rondo \
    && mkdir /out/data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/rondo /usr/local/bin/rondo
COPY --from=build --chown=nonroot:nonroot /out/data /data
ENV APP_ENV=production DATA_DIR=/data PORT=4000
WORKDIR /data
USER 65532:65532
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=4s --start-period=10s --retries=3 CMD ["/usr/local/bin/rondo", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/rondo"]
CMD ["serve"]
