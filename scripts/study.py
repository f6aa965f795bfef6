"""Runs a study of cases from a gin file and writes results/<profile>/<name>.{csv,md}."""

from absl import flags

from scripts import command

flags.DEFINE_string("study", "", "A gin file that binds CasesConfig.")


def main():
    """Calibrates if needed, runs what is missing, writes table and AUC curves, prints the table."""
    from experiments.errors import BadInput
    from experiments.findings.figures import study, style
    from experiments.findings.make import study_points, write_study
    from experiments.studies.cases import check_cases
    from experiments.studies.known import cases_config, study_name
    from experiments.studies.session import opened

    file = command.FLAGS.study
    if not file:
        raise BadInput("STUDY = '': expected a gin file, as configs/studies/warmup.gin")
    options = command.options()
    config, name = cases_config(file, command.FLAGS.repeats), study_name(file)
    check_cases(config, options.profile, file)
    with opened(options) as session:
        runs = session.run_cases(config)
        text = write_study(session.folder, name, config, runs, session.found)
        points = study_points(session.study.store, runs)
        figure = study.draw(points, config.title)
        style.save(figure, points, session.folder / "figures", f"study_{name}")
    print(text)


if __name__ == "__main__":
    command.main(main)
