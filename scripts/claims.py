"""Evaluates the paper's claims on recorded runs; writes claims.{json,md} and claims_pooled.json."""

from scripts import command


def main():
    """Reads records, runs nothing, writes the scorecard, prints it."""
    from experiments.scorecard import write_claims

    print(write_claims(command.options(), command.FLAGS.repeats))


if __name__ == "__main__":
    command.main(main)
