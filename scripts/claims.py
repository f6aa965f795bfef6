"""Evaluates the paper's claims on recorded runs; writes claims.{json,md} and claims_pooled.json."""

from experiments.findings.evidence import Evidence, write_claims
from scripts import command

FLAGS = command.flags_of("profile", "data_seed", "seeds")


def main():
    """Reads records, runs nothing, writes the scorecard, prints it."""
    options = command.options(FLAGS)
    print(write_claims(options, Evidence(options, FLAGS.seeds)))


if __name__ == "__main__":
    command.main(main, FLAGS)
