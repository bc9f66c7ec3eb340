# The image of the nodes of a Ray cluster, and of the commands that use it. Build it in the root of the repository:
#   docker build --file deploy/ray.Dockerfile --tag inkdigits-ray .
# Both stages use the same base image, so that the virtual environment finds its Python interpreter.
ARG PYTHON_IMAGE=python:3.13.9-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# The package index, if not PyPI.
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_DEPS=1 PIP_QUIET=1
WORKDIR /build
COPY requirements/build.txt requirements/workers.txt requirements/
RUN python3 -m venv tools \
 && tools/bin/pip install --require-hashes --requirement requirements/build.txt \
 && python3 -m venv --without-pip /opt/inkdigits \
 && tools/bin/pip --python /opt/inkdigits/bin/python install \
      --require-hashes --requirement requirements/workers.txt
COPY LICENSE README.md pyproject.toml ./
COPY src src
# The file system is read-only at run time, so compile everything now.
RUN HATCH_BUILD_NO_HOOKS=true tools/bin/pip wheel --no-build-isolation --wheel-dir wheels . \
 && tools/bin/pip --python /opt/inkdigits/bin/python install wheels/*.whl

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/inkdigits /opt/inkdigits
# Ray writes below /tmp only. Its nodes accept a connection only with the cluster's token.
ENV PATH=/opt/inkdigits/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RAY_AUTH_MODE=token \
    RAY_USAGE_STATS_ENABLED=0
USER 10001:10001
STOPSIGNAL SIGTERM
CMD ["ray", "--help"]
