# syntax=docker/dockerfile:1
# Builds the server in one stage and keeps nothing but the binary in the next: no shell, no package manager, not root.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# Registry and target folder are caches of the builder: a change of code recompiles what it touches and no more.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package rondo-server \
    && install -D target/release/rondo /out/rondo \
    && mkdir /out/data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/rondo /usr/local/bin/rondo
COPY --from=build --chown=nonroot:nonroot /out/data /data
ENV APP_ENV=production DATA_DIR=/data PORT=4000
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=4s --start-period=10s --retries=3 CMD ["/usr/local/bin/rondo", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/rondo"]
CMD ["serve"]
