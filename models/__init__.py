"""The multitask ranking model of section 3.1 and the sizes of Table 1."""

import os

# tensorflow-recommenders is written for Keras 2. TensorFlow reads the variable when it is first
# imported. `clippy/keras2.py` sets it too: the two packages do not know each other, each is useful
# without the other, and both need Keras 2.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
