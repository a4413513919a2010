# The app as a public demo: read-only, not as root, on port 8501. docs/hosting.md has instructions and variables.
# python:3.12-slim (3.12.14 on Debian trixie, all platforms) as of summer 2026: a tag can be moved, a digest cannot. A
# newer one: docker buildx imagetools inspect python:3.12-slim
FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea

# GPU wheels are 4 GB larger: set this to PyTorch's index of CPU wheels to avoid them.
ARG TORCH_INDEX=""

RUN useradd --create-home --uid 1000 lab
WORKDIR /home/lab/app

# Each install asks one index. With two, pip takes the newest file of a name from either, so that whoever can publish on
# one of them replaces any package. With TORCH_INDEX, torch and torchvision alone come from there, in the locked
# versions but without hashes, as they are other files than those of the lock; all else comes with its hash from the
# usual index, without what only CUDA needs. `pip check` says if anything is missing.
COPY requirements.lock .
RUN if [ -n "$TORCH_INDEX" ]; then \
        pip install --no-cache-dir --no-deps --index-url "$TORCH_INDEX" \
            $(grep -oE '^(torch|torchvision)==[^ ;]+' requirements.lock) \
        && awk '/^[^ ]/ { keep = !/^(torch|torchvision|triton|cuda-|nvidia-)/ } keep' requirements.lock > locked.txt; \
    else \
        cp requirements.lock locked.txt; \
    fi \
    && pip install --no-cache-dir --no-deps --require-hashes -r locked.txt \
    && rm locked.txt \
    && pip check

COPY --chown=lab . .
USER lab

ENV AECORE_DEMO=1 \
    AECORE_DATA=/home/lab/data \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_MAX_UPLOAD_SIZE=5 \
    STREAMLIT_CLIENT_SHOW_ERROR_DETAILS=none \
    STREAMLIT_CLIENT_TOOLBAR_MODE=viewer

# Image sets without a download: the digits of scikit-learn. MNIST and CIFAR-10 are shown from the shipped test images.
RUN python -m aecore data prepare digits && python -m aecore data prepare digits-28

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=40s \
    CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"
CMD ["streamlit", "run", "streamlit_app.py", "--server.port", "8501"]
