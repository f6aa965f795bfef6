"""Real streams that are fetched at a person's wish: what `make fetch` does.

They stand in scripts and not in data: this code opens archives and writes files, and no run
executes it. A run reads the folder that is left here as it reads any other log.
"""
