# pyright: reportUnusedExpression=false
# %% [markdown]
# # An autoencoder from training to figure
#
# `aecore` as a library: choose an experiment, train it, evaluate it, look inside. It needs no download and no GPU
# (`python examples/notebook.py`, or as a notebook: `examples/notebook.ipynb`).

# %%
import aecore
from aecore import plots

# %% [markdown]
# ## Choose an experiment
# A preset is a named experiment. Every setting has a dotted key; `changed` returns a new, validated experiment.

# %%
experiment = aecore.preset("digits-quick").experiment.changed(
    {
        "name": "code of 4, denoising",
        "model.bottleneck.size": 4,
        "corruption": "gaussian:0.2",
        "training.epochs": 8,
        "evaluation.corruptions": ["none", "gaussian:0.2"],
    }
)
solved = aecore.plan(experiment.model, (1, 28, 28))
print(f"{solved.parameters:,} parameters; {solved.compression:.0f} numbers per number of the code")

# %% [markdown]
# ## Train
# `submit` writes a run directory, and `work` trains it in this process; `aecore.start(run)` would train it in a
# separate one. The dashboard shows the same run, live: `streamlit run streamlit_app.py`.

# %%
aecore.prepare("digits-28")
run = aecore.submit(experiment, "cpu")
aecore.work(run)
print(run.id, aecore.run_state(run))

# %%
loss = plots.loss_curves(run)
loss

# %% [markdown]
# ## Evaluate
# Denoising scores come with those of the noisy input: without them, a good number says little.

# %%
for entry in run.evaluation():
    ours, noisy = entry["metrics"], entry["noisy_input"]
    print(f"{entry['corruption']:>12}: MSE {ours['mse']:.5f}, SSIM {ours['ssim']:.3f}", end="")
    print(f" (noisy input {noisy['mse']:.5f}, {noisy['ssim']:.3f})" if entry["corruption"] != "none" else "")

# %%
errors = plots.errors(run)
errors

# %% [markdown]
# ## Look inside
# The code of every test image is stored with the run.

# %%
units = plots.code_histograms(run)
units

# %%
loaded = aecore.open_run(run, "cpu")
loaded.projection("pca", 2, points=200).save(run)
codes = plots.projection(run, "pca", 2)
codes

# %% [markdown]
# ## The runs that ship
# Thirteen finished runs ship with the project; figures accept their names.

# %%
compared = plots.loss_curves("mnist-selu-2", "mnist-selu-6")
compared
