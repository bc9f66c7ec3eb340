# The image of the service. Build it in the root of the repository:
#   docker build --file deploy/api.Dockerfile --tag inkdigits-api .
# Both stages use the same base image, so that the virtual environment finds its Python interpreter.
ARG PYTHON_IMAGE=python:3.13.9-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# The package index, if not PyPI.
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_DEPS=1 PIP_QUIET=1
WORKDIR /build
COPY requirements/build.txt requirements/serve.txt requirements/
RUN python3 -m venv tools \
 && tools/bin/pip install --require-hashes --requirement requirements/build.txt \
 && python3 -m venv --without-pip /opt/inkdigits \
 && tools/bin/pip --python /opt/inkdigits/bin/python install --no-compile \
      --require-hashes --requirement requirements/serve.txt \
 && find /opt/inkdigits -depth \( -type d -name tests -o -name 'test_*.py' \) -exec rm -rf {} +
COPY LICENSE README.md pyproject.toml ./
COPY src src
# The root file system is read-only at run time, so compile the service's modules now, by importing them once.
# nginx serves the page, so this package needs none: without the build hook, hatchling does not insist on it.
RUN HATCH_BUILD_NO_HOOKS=true tools/bin/pip wheel --no-build-isolation --wheel-dir wheels . \
 && tools/bin/pip --python /opt/inkdigits/bin/python install --no-compile wheels/*.whl \
 && /opt/inkdigits/bin/inkdigits serve --help > /dev/null \
 && /opt/inkdigits/bin/python -c "import inkdigits.api.server.worker, pi_heif"

FROM ${PYTHON_IMAGE}
# Remove the base image's installers, which a service does not need.
RUN find / -xdev -depth \( -path '*-packages/pip*' -o -path '*-packages/setuptools*' \
      -o -path '*-packages/wheel*' -o -path '*/ensurepip/_bundled' -o -path '*/python-wheels' \
      -o -path '*/bin/pip*' \) -exec rm -rf {} +
COPY --from=build /opt/inkdigits /opt/inkdigits
ENV PATH=/opt/inkdigits/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    INKDIGITS_HOST=0.0.0.0 \
    INKDIGITS_PORT=5000
# A new volume gets the owner of the folder that it is mounted on.
RUN mkdir -m 0700 /var/lib/inkdigits && chown 10001:10001 /var/lib/inkdigits
USER 10001:10001
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:5000/readyz', timeout=2)"]
CMD ["inkdigits", "serve"]
