"""Runs a study of cases from a gin file and writes results/<profile>/<name>.{csv,md}."""

from experiments.errors import BadInput
from scripts import command

FLAGS = command.flags_of(
    *command.STUDIES, study="A gin file that binds CasesConfig, or its name in configs/studies."
)


def main():
    """Calibrates if needed, runs what is missing, writes table and AUC curves, prints the table."""
    from experiments.findings.make import make_study
    from experiments.findings.seeds import remember
    from experiments.machinery.gin_files import given_file
    from experiments.studies.cases import check_cases
    from experiments.studies.known import cases_config, own_name
    from experiments.studies.session import opened
    from scripts import terminal

    if not FLAGS.study:
        raise BadInput("STUDY = '': expected a gin file or its name, as configs/studies/warmup.gin")
    file = given_file("studies", FLAGS.study)
    config, name = cases_config(file, FLAGS.seeds), own_name(file)
    options = command.options(FLAGS, config.profile)
    check_cases(config, options.profile, file)
    with opened(options) as session:
        _, text = make_study(session, name, config)
        remember(session.folder, [name], FLAGS.seeds)
    terminal.show(text, session.folder / f"{name}.{{csv,md}}")


if __name__ == "__main__":
    command.main(main, FLAGS)
