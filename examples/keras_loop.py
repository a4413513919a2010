"""A training by Keras 3, recorded: `python examples/keras_loop.py`, after `pip install -r requirements-frameworks.txt`.

The callback is all that knows of this project. With PyTorch under Keras, as here, the finished network is kept and
every page can run it; with JAX or TensorFlow the run has curves, reconstructions, measures and codes.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras

import aecore
from aecore.recording.keras import KerasCallback

keras.utils.set_random_seed(0)
digits = aecore.load("digits-28")
train = digits.x_train.transpose(0, 2, 3, 1).astype("float32") / 255

encoder = keras.Sequential([
    keras.layers.Input((28, 28, 1)),
    keras.layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
    keras.layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(12),
])  # fmt: skip
decoder = keras.Sequential([
    keras.layers.Input((12,)),
    keras.layers.Dense(7 * 7 * 16, activation="relu"),
    keras.layers.Reshape((7, 7, 16)),
    keras.layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu"),
    keras.layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
])  # fmt: skip
model = keras.Sequential([encoder, decoder])
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse")

recorded = KerasCallback("by Keras", data="digits-28", encoder=encoder, decoder=decoder)
with recorded:
    model.fit(train, train, batch_size=64, epochs=8, validation_split=0.1, callbacks=[recorded])

assert recorded.recording is not None
run = recorded.recording.run
print(f"{run.id}: test MSE {run.evaluation()[0]['metrics']['mse']:.4f}")
