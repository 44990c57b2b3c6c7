# syntax=docker/dockerfile:1
# CPU by default:   docker build -t stylebot .
# For NVIDIA GPUs:  docker build -t stylebot:cuda --build-arg TORCH_BACKEND=cu128 .
FROM python:3.12-slim AS build
ARG TORCH_BACKEND=cpu
COPY constraints.txt /src/constraints.txt
RUN python -m venv /opt/stylebot \
    && /opt/stylebot/bin/pip install --no-cache-dir --constraint /src/constraints.txt uv
COPY pyproject.toml README.md LICENSE /src/
COPY stylenet /src/stylenet
COPY bot /src/bot
# Compiled here, because a container with a read-only root could not keep what it compiles.
RUN /opt/stylebot/bin/uv pip install --no-cache --compile-bytecode --python /opt/stylebot/bin/python \
        --constraint /src/constraints.txt --torch-backend="${TORCH_BACKEND}" "/src[postgres,s3]" \
    && /opt/stylebot/bin/uv pip uninstall --python /opt/stylebot/bin/python uv

FROM python:3.12-slim
LABEL org.opencontainers.image.title="stylebot" org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/stylebot /opt/stylebot
RUN useradd --system --create-home --uid 10001 stylebot \
    && install -d -o stylebot -g stylebot /data
USER stylebot
# Fit the reduced network now: it takes a dozen CPU seconds that no member should wait for.
RUN /opt/stylebot/bin/python -m stylenet weights
WORKDIR /data
ENV PATH=/opt/stylebot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    STYLEBOT_DATA_DIR=/data \
    STYLEBOT_HEALTH_PORT=8080
VOLUME /data
# Ready means: connected to Discord, database reachable, workers up.
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
