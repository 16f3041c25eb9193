# Workers with GPUs, which run language models. Build from the root of a checkout:
#   docker build -f cluster/docker/gpu.Dockerfile -t REGISTRY/navab:gpu .
FROM nvidia/cuda:12.9.1-cudnn-devel-ubuntu22.04

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        ca-certificates curl procps python3.11 python3.11-dev python3.11-venv rsync tini wget \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 ray

RUN python3.11 -m venv /opt/navab
ENV PATH=/opt/navab/bin:$PATH
WORKDIR /home/ray/navab

# The same Ray and Python as the head's image; vllm brings the torch that it was built with.
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY navab/__init__.py navab/__init__.py
COPY schemas schemas
RUN pip install --no-cache-dir --constraint constraints.txt . \
    && pip install --no-cache-dir --constraint constraints.txt vllm==0.32.0

COPY . .
RUN pip install --no-cache-dir --no-deps --editable . && chown -R ray:ray /home/ray

USER 1000
ENV RAY_USAGE_STATS_ENABLED=0 PYTHONUNBUFFERED=1
ENTRYPOINT ["tini", "--"]
CMD ["navab", "--help"]
