# The server and the `muse` command. Data lives in /data: mount a volume there.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/muse && /opt/muse/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /opt/muse/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 muse && install --directory --owner=muse --mode=0700 /data /data/backups
COPY --from=build /opt/muse /opt/muse
ENV PATH=/opt/muse/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CH_PATH=/data/store \
    MUSE_TOKENS_FILE=/data/tokens.json \
    MUSE_AUDIT_DIR=/data/audit \
    MUSE_BACKUP_DIR=/data/backups
USER muse
WORKDIR /data
VOLUME /data
EXPOSE 8000
# Asks /readyz where the container serves HTTP; one that serves stdio is well while it runs.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "chimera_metrics.apps.healthcheck"]
ENTRYPOINT ["muse"]
CMD ["serve"]
