"""Kills a study of Table 2 at random, and runs two at once: both must end as if left alone."""
