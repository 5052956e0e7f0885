# beavervision on Debian; `docker compose up` serves what is in runs/ (docs/install.md).
#   CPU:   docker build -t beavervision .
#   CUDA:  docker build -t beavervision --build-arg TORCH=cu130 .
ARG PYTHON=3.12
FROM python:${PYTHON}-slim-bookworm

# cpu, or a CUDA version of PyTorch such as cu130; the host needs its driver and the NVIDIA container toolkit alone.
ARG TORCH=cpu
# Packages beyond the base: serve, neural, synthetic, ..
ARG EXTRAS=serve

# What OpenCV and MediaPipe link to and slim images lack.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libegl1 libgl1 libgles2 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE CHANGELOG.md ./
COPY conf conf
COPY src src
# uv, because it chooses PyTorch's build by name.
RUN pip install --no-cache-dir uv==0.13.8 \
    && uv pip install --system --no-cache --compile-bytecode --torch-backend "${TORCH}" \
       --constraints constraints.txt ".[${EXTRAS}]"

# Files made by the container belong to this user; compose.yaml sets yours.
RUN useradd --create-home --uid 1000 beaver && install -d -m 1777 /data /models
USER 1000:1000
WORKDIR /data
ENV BEAVERVISION_MODELS=/models \
    NUMBA_CACHE_DIR=/tmp/numba \
    WANDB_MODE=offline
VOLUME ["/data", "/models"]
EXPOSE 8600
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8600/healthz', timeout=4)"]
ENTRYPOINT ["beavervision"]
CMD ["doctor"]
