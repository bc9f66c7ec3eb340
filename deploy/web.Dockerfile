# The image of the page and of the proxy in front of the service. Build it in the root of the repository:
#   docker build --file deploy/web.Dockerfile --tag inkdigits-web .
ARG NODE_IMAGE=node:22.20.0-bookworm-slim
ARG NGINX_IMAGE=nginxinc/nginx-unprivileged:1.28.0

FROM ${NODE_IMAGE} AS build
# The package registry, if not npm's own.
ARG NPM_CONFIG_REGISTRY
WORKDIR /build
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-fund --no-audit --loglevel=error
COPY web/index.html web/tsconfig.json web/vite.config.ts ./
COPY web/public public
COPY web/src src
# Compress the files once, at the highest level, instead of for each request.
RUN npx vite build && find dist -name '*.js' -o -name '*.css' -o -name '*.svg' -o -name '*.html' \
      | xargs gzip --best --keep

FROM ${NGINX_IMAGE}
COPY deploy/nginx/nginx.conf /etc/nginx/nginx.conf
COPY deploy/nginx/default.conf.template /etc/nginx/templates/default.conf.template
COPY deploy/nginx/start.sh /usr/local/bin/start-proxy
COPY --from=build /build/dist /usr/share/nginx/html
# The variables that are substituted in the template, with their defaults.
ENV NGINX_ENVSUBST_FILTER=^INKDIGITS_ \
    INKDIGITS_API_ORIGIN="" \
    INKDIGITS_MAX_BODY_BYTES=22370645 \
    INKDIGITS_PROXY_CLIENT_REQUESTS=64 \
    INKDIGITS_PROXY_REQUESTS=512 \
    INKDIGITS_RESOLVER="" \
    INKDIGITS_SERVICE=api:5000 \
    INKDIGITS_TRUSTED_PROXIES=""
USER 101:101
EXPOSE 8080
STOPSIGNAL SIGQUIT
# A new entrypoint resets the command of the base image, so the command follows.
ENTRYPOINT ["sh", "/usr/local/bin/start-proxy"]
CMD ["nginx", "-g", "daemon off;"]
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/healthz"]
