"""Runs a study of cases from a gin file and writes results/<profile>/<name>.{csv,md}."""

from experiments.errors import BadInput
from experiments.findings.make import make_study
from experiments.studies.cases import check_cases
from experiments.studies.known import cases_config, study_name
from experiments.studies.session import opened
from scripts import command

FLAGS = command.flags_of(*command.STUDIES, study="A gin file that binds CasesConfig.")


def main():
    """Calibrates if needed, runs what is missing, writes table and AUC curves, prints the table."""
    if not FLAGS.study:
        raise BadInput("STUDY = '': expected a gin file, as configs/studies/warmup.gin")
    config, name = cases_config(FLAGS.study, FLAGS.seeds), study_name(FLAGS.study)
    options = command.options(FLAGS, config.profile)
    check_cases(config, options.profile, FLAGS.study)
    with opened(options) as session:
        _, text = make_study(session, name, config)
    print(text)


if __name__ == "__main__":
    command.main(main, FLAGS)
