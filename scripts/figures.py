"""Draws the paper's figures and ours into results/<profile>/figures; trains what is missing."""

import contextlib
import dataclasses

from absl import flags

from experiments.errors import BadInput, CannotWrite, NotDefined, one_of
from scripts import command

FIGURE = (flags.DEFINE_string, None, "Number or word of one figure; default: all that are built.")
FLAGS = command.flags_of(*command.STUDIES, figure=FIGURE)


def main():
    """Reads records, runs what is missing, writes pictures and their points, prints the paths.

    A figure whose runs do not show what it is about is refused once all others are written. One
    that is not defined on these studies is refused if it is asked for by name, and else left out.
    """
    from experiments.findings.figures import style
    from experiments.findings.figures.catalogue import FIGURES, asked_as, stem
    from experiments.findings.figures.material import Material
    from experiments.findings.seeds import remember
    from experiments.studies.figure7 import profile_of
    from experiments.studies.session import opened

    options, asked = command.options(FLAGS), FLAGS.figure
    if asked == "7":  # it stands on a corpus, whose profile of the same size has records of its own
        options = dataclasses.replace(options, profile=profile_of(options.profile))
    built = list(dict.fromkeys(map(asked_as, FIGURES)))
    if asked not in (None, *built):
        raise BadInput(f"FIGURE = {asked!r}: expected {one_of(asked, built)}")
    folder = options.store(options.data_seed).root / "figures"
    lines, left_out, refused = [], [], []
    with contextlib.ExitStack() as stack:
        material = Material(options, lambda: stack.enter_context(opened(options)), FLAGS.seeds)
        for name in (name for name in FIGURES if asked in (None, asked_as(name))):
            try:
                points = FIGURES[name].frame(material)
            except CannotWrite:
                raise
            except BadInput as error:
                skipped = asked is None and isinstance(error, NotDefined)
                (left_out if skipped else refused).append(f"{stem(name)}: {error}")
                continue
            figure, caption = FIGURES[name].draw(points), FIGURES[name].drawing(points).caption
            style.save(figure, points, caption, folder, stem(name))
            remember(folder.parent, [stem(name)], FLAGS.seeds)
            lines.append(str(folder / f"{stem(name)}.png"))
    for line in left_out:
        command.say(f"left out: {line}")
    if refused:
        raise BadInput(refused[0])
    print("\n".join(lines))


if __name__ == "__main__":
    command.main(main, FLAGS)
