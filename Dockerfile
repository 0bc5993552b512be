# One image for all processes; the command selects the process.
FROM node:26.12.1-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev
COPY . .
RUN node prisma/generate.mjs \
 && node node_modules/typescript/bin/tsc -p tsconfig.build.json \
 && node dist/tools/local/build-bundle.js \
 && npm prune --omit=dev

FROM node:26.12.1-trixie-slim
# The Temporal SDK uses the system's certificates for TLS. deploy/docker/make-secrets.sh uses openssl.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates openssl && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/prisma ./prisma
COPY --from=build /app/dist ./dist
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
CMD ["node", "dist/api/main.js"]
