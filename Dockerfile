# syntax=docker/dockerfile:1

# Built on the machine's own platform: the bundle is JavaScript and the same everywhere.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No package gets to run scripts of its own.
RUN --mount=type=cache,target=/cache npm ci --ignore-scripts --cache /cache
COPY tsconfig.json ./
COPY scripts/bundle.ts scripts/
COPY src src/
RUN node scripts/bundle.ts

# No shell, no package manager, no npm: Node and its libraries.
FROM gcr.io/distroless/nodejs24-debian12:nonroot
LABEL org.opencontainers.image.title="remediation-operator" \
      org.opencontainers.image.description="Proves whether review items are really remediated" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /src/dist /app/
ENV NODE_ENV=production
# The number and not the name, so that runAsNonRoot can be checked by the kubelet.
USER 65532:65532
EXPOSE 8080
# Left alone, V8 keeps far more garbage than there is data (docs/performance.md).
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=4", "--heap-growing-percent=30", "/app/remediation.mjs"]
CMD ["operator"]
