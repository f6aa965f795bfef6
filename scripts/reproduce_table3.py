"""Runs Table 3 and the other studies of section 3.2 and writes their tables."""

from experiments.errors import BadInput
from scripts import command

FLAGS = command.flags_of(*command.STUDIES)


def main():
    """Calibrates, runs what is missing, writes the tables, prints them."""
    from experiments.findings.make import write_study
    from experiments.findings.seeds import remember
    from experiments.machinery.gin_files import named_file
    from experiments.studies.cases import check_cases
    from experiments.studies.known import section_3_2
    from experiments.studies.session import opened
    from scripts import terminal

    options, studies = command.options(FLAGS), {}
    for name, config in section_3_2(FLAGS.seeds).items():
        try:
            check_cases(config, options.profile, named_file("studies", name))
            studies[name] = config
        except BadInput as error:  # tasks or features that the stream of the profile lacks
            command.say(f"not defined on profile {options.profile}: {error}")
    with opened(options) as session:
        texts = [
            write_study(session.folder, name, config, session.run_cases(config), session.found)
            for name, config in studies.items()
        ]
        remember(session.folder, list(studies), FLAGS.seeds)
    if studies:
        names = ",".join(studies)
        names = f"{{{names}}}" if "," in names else names  # as a shell expands them
        terminal.show("\n".join(texts), session.folder / f"{names}.{{csv,md}}")


if __name__ == "__main__":
    command.main(main, FLAGS)
