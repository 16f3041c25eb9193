# Workers with GPUs, which run language models. Build from the root of a checkout:
#   docker build -f cluster/docker/gpu.Dockerfile -t REGISTRY/navab:gpu .
# The very Python of the head's image, which Ray insists on. CUDA comes with torch's wheels, the driver with the machine.
FROM python:3.11.13-slim-bookworm

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl gcc g++ procps rsync tini wget \
    && rm -rf /var/lib/apt/lists/*

ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN useradd --create-home --uid 1000 ray
WORKDIR /home/ray/navab

# vllm brings the torch that it was built with; the rest is for embedders on GPUs, evaluation and alignment.
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY navab/__init__.py navab/__init__.py
COPY schemas schemas
RUN pip install --no-cache-dir --constraint constraints.txt . \
    && pip install --no-cache-dir --constraint constraints.txt \
        vllm==0.32.0 sentence-transformers==6.2.0 trl==1.16.0 peft==0.21.2 accelerate==1.15.0

COPY . .
RUN pip install --no-cache-dir --no-deps --editable . && chown -R ray:ray /home/ray

USER 1000
# A host that is cut off is noticed within half a minute, not within seven; all nodes must agree.
ENV RAY_grpc_client_keepalive_time_ms=15000 RAY_grpc_client_keepalive_timeout_ms=15000
ENV RAY_USAGE_STATS_ENABLED=0 PYTHONUNBUFFERED=1
ENTRYPOINT ["tini", "--"]
CMD ["navab", "--help"]
