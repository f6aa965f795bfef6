"""Subword tokens that both languages share, by sentencepiece."""

import importlib
import io

from data import checks

PAD, END, UNKNOWN = 0, 1, 2
LONGEST_BYTES = 10_000  # of a sentence that is learned from, far above any


def learned(sentences, size):
    """A vocabulary of `size` tokens, learned on sentences of both languages: bytes of a model.

    Byte-pair encoding counts whole numbers, so that the same sentences give the same bytes on any
    processor; a unigram model, the default of sentencepiece, sums floats.

    Raises: ValueError if so many tokens cannot be learned from so few sentences.
    """
    content = io.BytesIO()
    try:
        library().SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=content,
            model_type="bpe",
            vocab_size=size,
            character_coverage=1.0,
            pad_id=PAD,
            eos_id=END,
            unk_id=UNKNOWN,
            bos_id=-1,  # the decoder begins with padding, as in init2winit
            num_threads=1,
            max_sentence_length=LONGEST_BYTES,
            minloglevel=2,
        )
    except RuntimeError as error:
        expected = f"a size that {len(sentences)} sentences can fill ({_reason(error)})"
        checks.fail("CorpusConfig.vocabulary_size", size, expected)
    return content.getvalue()


def encoded(model, sentences, most_tokens):
    """Tokens of sentences with their ends by the bytes of a model: list of lists of ids.

    A sentence longer than `most_tokens` is cut there, and then has no end.
    """
    processor = library().SentencePieceProcessor(model_proto=model)
    return [ids[:most_tokens] for ids in processor.encode(sentences, add_eos=True, num_threads=1)]


def library():
    """The module sentencepiece, which is imported late. Raises: ValueError where it is missing."""
    try:
        return importlib.import_module("sentencepiece")
    except ImportError as error:
        expected = "the packages of requirements.lock, as make setup installs them"
        raise ValueError(f"sentencepiece is not installed: expected {expected}") from error


def _reason(error):
    """The last sentence of what sentencepiece says, in one line."""
    return " ".join(str(error).split("] ")[-1].split())[:120]
