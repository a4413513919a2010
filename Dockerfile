# The app as a public demo: read-only, not as root, on port 8501. docs/hosting.md has instructions and variables.
FROM python:3.12-slim

# GPU wheels are 4 GB larger: set this to PyTorch's index of CPU wheels to avoid them.
ARG TORCH_INDEX=""

RUN useradd --create-home --uid 1000 lab
WORKDIR /home/lab/app

COPY requirements.txt .
RUN pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r requirements.txt

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
