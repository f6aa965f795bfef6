"""How big a translation run is, in closed form. An estimate: the lengths of pairs are not known."""

import math

TOKENS_A_WORD = 0.85  # ours: tokens of a mean sentence for each word that the longest may have
EVALUATED = 0.15  # ours: of the operations of training, where a pair in 25 is for validation
SLOWER = 3.2  # ours: measured at laptop size, whose small products and wide softmax are slow


def parameters(config):
    """(weights of matrices that a source token meets, those that a target token meets)."""
    model, square = config.model, config.model.width**2
    feed_forward = 2 * model.width * model.hidden_width
    encoder = model.layers * (4 * square + feed_forward)
    decoder = model.layers * (8 * square + feed_forward)
    return encoder, decoder + model.width * config.stream.vocabulary_size


def flops_of_run(config):
    """What a run costs, in operations of large products: six a weight, token, step; SLOWER."""
    pairs = config.steps * config.trainer.batch_size
    tokens = TOKENS_A_WORD * min(config.stream.most_words, config.stream.most_tokens)
    return math.ceil(SLOWER * (1 + EVALUATED) * 6 * pairs * tokens * sum(parameters(config)))
