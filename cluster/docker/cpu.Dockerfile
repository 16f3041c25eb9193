# Head and CPU workers. Build from the root of a checkout:
#   docker build -f cluster/docker/cpu.Dockerfile -t REGISTRY/navab:cpu .
# For `embedder.kind: sentence-transformers`, whose topics are named and screened on CPUs, add
#   --build-arg EXTRAS='[sentence-transformers]'
FROM python:3.11.13-slim-bookworm

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl procps rsync tini wget \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 ray
WORKDIR /home/ray/navab

# What is installed is pinned by constraints.txt; the layer is kept until that or pyproject.toml changes.
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY navab/__init__.py navab/__init__.py
COPY schemas schemas
ARG EXTRAS=
RUN pip install --no-cache-dir --constraint constraints.txt ".${EXTRAS}"

COPY . .
RUN pip install --no-cache-dir --no-deps --editable . && chown -R ray:ray /home/ray

USER 1000
# A host that is cut off is noticed within half a minute, not within seven; all nodes must agree.
ENV RAY_grpc_client_keepalive_time_ms=15000 RAY_grpc_client_keepalive_timeout_ms=15000
ENV RAY_USAGE_STATS_ENABLED=0 PYTHONUNBUFFERED=1
ENTRYPOINT ["tini", "--"]
CMD ["navab", "--help"]
