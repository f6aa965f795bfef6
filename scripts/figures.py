"""Draws the paper's figures from records into results/<profile>/figures; trains what is missing."""

import contextlib

from absl import flags

from experiments.errors import BadInput, CannotWrite
from experiments.findings.figures import style
from experiments.findings.figures.catalogue import FIGURES
from experiments.findings.figures.material import Material
from experiments.studies.session import opened
from scripts import command

FIGURE = (flags.DEFINE_integer, None, "Number of one figure; default: all that are built.")
FLAGS = command.flags_of(*command.STUDIES, figure=FIGURE)


def main():
    """Reads records, runs what is missing, writes pictures and their points, prints the paths.

    A figure whose runs do not show what it is about is refused once all others are written.
    """
    options, number = command.options(FLAGS), FLAGS.figure
    built = sorted({int(name[0]) for name in FIGURES})
    if number not in (None, *built):
        raise BadInput(f"FIGURE = {number!r}: expected one of {', '.join(map(str, built))}")
    folder = options.store(options.data_seed).root / "figures"
    lines, refused = [], []
    with contextlib.ExitStack() as stack:
        material = Material(options, lambda: stack.enter_context(opened(options)), FLAGS.seeds)
        for name in (name for name in FIGURES if number in (None, int(name[0]))):
            try:
                points = FIGURES[name].frame(material)
            except CannotWrite:
                raise
            except BadInput as error:
                refused.append(f"figure{name}: {error}")
                continue
            style.save(FIGURES[name].draw(points), points, folder, f"figure{name}")
            lines.append(str(folder / f"figure{name}.png"))
    if refused:
        raise BadInput(refused[0])
    print("\n".join(lines))


if __name__ == "__main__":
    command.main(main, FLAGS)
