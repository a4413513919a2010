#!/usr/bin/env bash
# What wrote this store: run at the root of a clone of commit ebbcbc5, with its requirements installed:
#     PATH=.venv/bin:$PATH bash write.sh FOLDER
set -euo pipefail
folder=$(realpath -m "$1")
store=$folder/store
export AECORE_STORE=$store AECORE_DATA=$(mktemp -d) OMP_NUM_THREADS=1
aecore() { python -m aecore "$@"; }
small=(--device cpu --deterministic --set data.name=digits --set data.train_images=200 --set 'model.dense=[16]'
    --set model.bottleneck.size=3 --set training.batch_size=50)
newest() { ls "$store/runs" | tail -1; }
mkdir -p "$store/gallery"
cp -r checkpoints/gallery/mnist-mlp8 "$store/gallery/"

# A finished run: evaluated under two corruptions, steps logged, validated, projected.
aecore train digits-quick "${small[@]}" --name finished --set training.epochs=4 --set training.log_every=2 \
    --set data.validation_images=40 --set 'evaluation.corruptions=["none","gaussian:0.2+square:2"]'
aecore project finished --method pca --dims 2 --points 100
aecore project finished --method tsne --dims 3 --points 100 --perplexity 10 --iterations 100

# One with a title and a note.
aecore train digits-quick "${small[@]}" --name noted --set training.epochs=2
aecore rename noted "Our best"
aecore annotate noted $'Two lines:\nthis is the second.'

# One in the trash.
aecore train digits-quick "${small[@]}" --name trashed --set training.epochs=1
aecore delete trashed

# A checkpoint from elsewhere.
python - "$AECORE_DATA/own.pth" <<'PYTHON'
import sys
import torch
from torch import nn
torch.manual_seed(0)
torch.save(nn.Sequential(nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 3), nn.Linear(3, 12), nn.ReLU(), nn.Linear(12, 64)).state_dict(), sys.argv[1])
PYTHON
aecore import "$AECORE_DATA/own.pth" --name imported

# A sweep of four runs.
cat > "$AECORE_DATA/sweep.toml" <<'TOML'
name = "Sizes"
base = "digits-quick"
seeds = 2
[set]
training = { epochs = 2, batch_size = 50, precision = "float32" }
data = { name = "digits", train_images = 200 }
model.dense = [16]
evaluation.corruptions = ["none", "gaussian:0.2"]
[vary]
"model.bottleneck.size" = [2, 4]
TOML
aecore sweep "$AECORE_DATA/sweep.toml" --device cpu

# A projection of a shipped run, which stands outside of it.
aecore project mnist-mlp8 --method pca --dims 2 --points 100

# A run that was stopped, with dropout, batch normalisation and noise, and what became of it when it went on.
python - "$store" "${small[@]}" <<'PYTHON'
import os, pathlib, signal, subprocess, sys, time
root = pathlib.Path(sys.argv[1]) / "runs"
before = set(root.iterdir())
settings = ["model.dropout=0.1", "model.norm=batch", "training.epochs=24", "training.log_every=7", "data.train_images=400"]
command = [sys.executable, "-m", "aecore", "train", "digits-quick", *sys.argv[2:], "--name", "stopped"]
process = subprocess.Popen([*command, *(word for setting in settings for word in ("--set", setting))])
def epochs():
    (*_, run) = [*(set(root.iterdir()) - before), None][:1]
    file = run and run / "metrics.jsonl"
    return len(file.read_text().splitlines()) if file and file.exists() else 0
while epochs() < 3:
    time.sleep(0.005)
process.send_signal(signal.SIGINT)
sys.exit(process.wait())
PYTHON
stopped=$(newest)
cp -r "$store/runs/$stopped" "$AECORE_DATA/before"
aecore resume "$stopped"
mv "$store/runs/$stopped" "$folder/resumed"
mv "$AECORE_DATA/before" "$store/runs/$stopped"
rm "$folder"/resumed/{codes.safetensors,evaluation.json,experiment.json}
python - > "$folder/resumed/machine.json" <<'PYTHON'
import json, re, torch
from pathlib import Path
lines = dict(re.findall(r"^(vendor_id|cpu family|model|stepping)\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M))
found = {"torch": torch.__version__, "isa": torch.backends.cpu.get_cpu_capability(), "cpu": " ".join(lines.values())}
print(json.dumps(found, indent=1))
PYTHON

# What says something about the machine alone.
rm -r "$store/gallery" "$store/queue"
find "$folder" -name .lock -delete

# What the command line said about all of it.
mkdir "$folder/said"
for run in finished noted imported stopped; do
    aecore show $run --json | grep -v '"path":' > "$folder/said/show-$run.json"
done
aecore runs --json > "$folder/said/runs.json"
aecore sweeps sizes --json > "$folder/said/sweep.json"
aecore restore --json > "$folder/said/trash.json"
