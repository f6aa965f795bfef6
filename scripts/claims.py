"""Evaluates the paper's claims on recorded runs; writes claims.{json,md} and claims_pooled.json."""

from scripts import command

FLAGS = command.flags_of("profile", "data_seed", "seeds")


def main():
    """Reads records, runs nothing, writes the scorecard, prints it."""
    from experiments.findings.evidence import Evidence, write_claims
    from experiments.findings.seeds import remember
    from experiments.training.config import DEFAULT_DATA_SEED
    from scripts import terminal

    options = command.options(FLAGS)
    text = write_claims(options, Evidence(options, FLAGS.seeds))
    folder, home = (options.store(seed).root for seed in (options.data_seed, DEFAULT_DATA_SEED))
    remember(folder, ["claims"], FLAGS.seeds)
    remember(home, ["claims_pooled"], FLAGS.seeds)
    terminal.show(text, folder / "claims.{json,md}")


if __name__ == "__main__":
    command.main(main, FLAGS)
