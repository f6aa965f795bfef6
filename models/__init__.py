"""The multitask ranking model of section 3.1 and the sizes of Table 1."""

import os

# tensorflow-recommenders is written for Keras 2; TensorFlow reads this when first imported.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
