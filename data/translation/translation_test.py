"""Sentence pairs: what is read, how it is split, what the vocabulary sees, which batch is when."""

import sys

import numpy as np
import pytest

from data import open_days
from data.translation import CorpusConfig, Epochs, PairStream, corpus, vocabulary
from data.translation.testing import FIXTURE, corpus_folder, fixture

ENGLISH = [f"one two three {k}" for k in range(120)]
GERMAN = [f"eins zwei drei {k}" for k in range(120)]
FILES = [f"file-{k % 12}" for k in range(120)]


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    return PairStream(fixture(), tmp_path_factory.mktemp("cache"))


def test_all_pairs_of_a_file_are_on_one_side(tmp_path):
    """Pairs of a file are twins; its files are told from the line numbers in the sentences."""
    path = corpus_folder(tmp_path / "pairs", ENGLISH, GERMAN, FILES)
    training, validation = corpus.split(path, 0.3, 40)
    sides = [
        {FILES[int(text.split()[-1])] for text in side.english} for side in (training, validation)
    ]
    assert sides[0] & sides[1] == set()
    assert sides[0] | sides[1] == set(FILES)
    assert len(training.english) + len(validation.english) == 120
    for side in (training, validation):
        ends = [[text.split()[-1] for text in texts] for texts in side]
        assert ends[0] == ends[1]


def test_without_files_blocks_of_neighbours_stand_for_them(tmp_path):
    count = 20 * corpus.BLOCK_PAIRS
    english = [f"one two three {k}" for k in range(count)]
    training, validation = corpus.split(corpus_folder(tmp_path / "p", english, english), 0.3, 40)
    blocks = [
        {int(t.split()[-1]) // corpus.BLOCK_PAIRS for t in s.english}
        for s in (training, validation)
    ]
    assert blocks[0] & blocks[1] == set()
    assert len(blocks[0] | blocks[1]) == 20


def test_a_new_file_moves_no_other(tmp_path):
    before = corpus.split(corpus_folder(tmp_path / "a", ENGLISH, GERMAN, FILES), 0.3, 40)
    more = ["a new pair 0"], ["ein neues Paar 0"], ["another"]
    longer = (own + new for own, new in zip((ENGLISH, GERMAN, FILES), more, strict=True))
    after = corpus.split(corpus_folder(tmp_path / "b", *longer), 0.3, 40)
    for old, new in zip(before, after, strict=True):
        assert old.english == [text for text in new.english if text != "a new pair 0"]


def test_long_sentences_of_either_language_are_left_out(tmp_path):
    english, german = ENGLISH[:], GERMAN[:]
    english[3], german[7] = "a b c d e f 3", "a b c d e f 7"
    sides = corpus.split(corpus_folder(tmp_path / "p", english, german, FILES), 0.3, 6)
    left = {text.split()[-1] for side in sides for text in side.german}
    assert {str(k) for k in range(120)} - left == {"3", "7"}


def test_validation_has_no_sentence_of_training(tmp_path):
    """In neither language, whatever its case and blanks; the pair in training stays."""
    training, validation = corpus.split(
        corpus_folder(tmp_path / "a", ENGLISH, GERMAN, FILES), 0.3, 40
    )
    first, second = (ENGLISH.index(text) for text in validation.english[:2])
    english, german = ENGLISH[:], GERMAN[:]
    english[first] = f" {training.english[0].upper()}  "
    german[second] = training.german[1].replace(" ", "  ")
    after = corpus.split(corpus_folder(tmp_path / "b", english, german, FILES), 0.3, 40)
    assert after[0] == training
    assert after[1].english == validation.english[2:]


def test_a_large_file_gives_validation_its_first_pairs_alone(tmp_path):
    count = 12 * 30
    english = [f"one two three {k}" for k in range(count)]
    files = [f"file-{k // 30}" for k in range(count)]
    training, validation = corpus.split(
        corpus_folder(tmp_path / "p", english, english, files), 0.3, 40
    )
    places = [[int(text.split()[-1]) for text in side.english] for side in (training, validation)]
    assert {len([k for k in places[0] if k // 30 == file]) for file in range(12)} == {0, 30}
    assert places[1] and all(k % 30 < corpus.MOST_OF_FILE for k in places[1])
    kept = {len([k for k in places[1] if k // 30 == file]) for file in range(12)}
    assert kept == {0, corpus.MOST_OF_FILE}


def changed(place, line):
    return [*GERMAN[:place], line, *GERMAN[place + 1 :]]


@pytest.mark.parametrize(
    "german, files, said",
    [
        (GERMAN[:-1], FILES, r"german.txt: 119 lines: expected 120, as english.txt has"),
        (GERMAN, FILES[:-2], r"files.txt: 118 lines: expected 120"),
        (changed(4, ""), FILES, r"german.txt:5: an empty line: expected text"),
        (changed(0, " \t"), FILES, r"german.txt:1: an empty line"),
        (GERMAN, ["one"] * 120, r"no pair for (training|validation): expected more files"),
        (None, FILES, r"no german.txt: expected one sentence a line"),
    ],
)
def test_a_corpus_that_is_not_aligned_is_one_line(tmp_path, german, files, said):
    path = corpus_folder(tmp_path / "p", ENGLISH, german, files)
    with pytest.raises(ValueError, match=said) as caught:
        PairStream(fixture(path=path), tmp_path / "cache")
    assert len(str(caught.value).splitlines()) == 1


def test_other_mistakes_of_a_corpus_are_one_line(tmp_path):
    path = corpus_folder(tmp_path / "p", ENGLISH, GERMAN, FILES)
    with pytest.raises(ValueError, match=r"CorpusConfig.path = .*: expected a folder with english"):
        fixture(path=str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"vocabulary_size = 5000: expected a size that \d+ sent"):
        PairStream(fixture(path=path, vocabulary_size=5000), tmp_path / "cache")
    config = fixture(path=path)
    (tmp_path / "p" / "english.txt").write_bytes(b"\xff\n" * 120)
    with pytest.raises(ValueError, match="the files have changed"):
        PairStream(config, tmp_path / "cache")
    with pytest.raises(ValueError, match=r"english.txt: cannot be read: expected text in UTF-8"):
        PairStream(fixture(path=path), tmp_path / "cache")


def test_the_vocabulary_is_learned_from_the_training_pairs_alone(tmp_path):
    """A letter that validation alone has is the unknown token, whatever its number."""
    files = [f"file-{k % 12}" for k in range(120)]
    path = corpus_folder(tmp_path / "p", ENGLISH, GERMAN, files)
    _, validation = corpus.split(path, 0.2, 40)
    own = set(validation.german)
    marked = [text + " ŵŵŵŵ" * 3 if text in own else text for text in GERMAN]
    made = PairStream(
        fixture(path=corpus_folder(tmp_path / "p", ENGLISH, marked, files), vocabulary_size=60),
        tmp_path / "cache",
    )
    assert (made.day(1)["target"] == vocabulary.UNKNOWN).any(axis=1).all()
    assert not (made.day(0)["target"] == vocabulary.UNKNOWN).any()


def test_a_row_has_the_tokens_of_both_sentences_their_ends_and_padding(stream):
    import sentencepiece

    rows = stream.day(1)
    (model,) = stream._folder.glob("*.model")
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    _, validation = corpus.split(stream.config.path, 0.2, 20)
    for row, english, german in zip(rows, *validation, strict=True):
        for field, text in (("source", english), ("target", german)):
            ids = row[field][row[field] != vocabulary.PAD].tolist()
            assert ids[-1] == vocabulary.END
            assert vocabulary.END not in ids[:-1]
            assert processor.decode(ids[:-1]) == text
            assert (row[field][len(ids) :] == 0).all()
    assert rows["source"].max() < 200


def test_a_sentence_that_is_too_long_is_cut(tmp_path):
    rows = PairStream(fixture(most_tokens=5), tmp_path).day(0)
    assert rows["source"].shape[1] == 5
    assert (rows["source"][:, -1] != vocabulary.PAD).any()


def test_the_cache_keeps_the_vocabulary_and_mends_it(tmp_path, monkeypatch):
    first = PairStream(fixture(), tmp_path)
    (model,) = first._folder.glob("*.model")
    content = model.read_bytes()
    monkeypatch.setattr(vocabulary, "learned", lambda *_: pytest.fail("it is there"))
    assert (PairStream(fixture(), tmp_path).day(1) == first.day(1)).all()
    monkeypatch.undo()
    model.write_bytes(content[:-1])
    PairStream(fixture(), tmp_path)
    assert model.read_bytes() == content


def test_the_days_are_cached_as_those_of_any_stream(tmp_path, stream):
    days = open_days(tmp_path, fixture(), None)
    for day in (0, 1):
        assert days.rows(day) == len(stream.day(day))
        assert (days.day(day) == stream.day(day)).all()


def test_where_the_corpus_lies_changes_no_byte(tmp_path, stream):
    files = [FIXTURE / f"{name}.txt" for name in ("english", "german", "files")]
    lines = [file.read_text().splitlines() for file in files]
    moved = fixture(path=corpus_folder(tmp_path / "p", *lines))
    assert moved.digest == stream.config.digest
    assert PairStream(moved, tmp_path).identity == stream.identity


def epochs(stream, **changes):
    fields = {"rows": stream.day(0), "steps": 60, "batch_size": 16, "seed": 3}
    return Epochs(**(fields | changes))


def test_a_pass_has_each_pair_once_at_most_and_the_next_another_order(stream):
    made = epochs(stream)
    count = len(stream.day(0)) // 16
    assert made.batches == count
    passes = []
    for number in (0, 1):
        batches = [made.batch(number * count + place) for place in range(count)]
        assert {made.day_of(number * count + place) for place in (0, count - 1)} == {number}
        used = [row.tobytes() for batch in batches for row in batch]
        assert len(set(used)) == len(used) == count * 16
        passes.append(used)
    assert passes[0] != passes[1]


def test_the_batch_of_a_step_depends_on_seed_and_step_alone(stream):
    late = epochs(stream).batch(37)
    again = epochs(stream)
    for step in (0, 50, 37):
        found = again.batch(step)
    assert (found == late).all()
    assert not (epochs(stream, seed=4).batch(37) == late).all()


def test_pairs_of_a_batch_are_of_like_length(stream):
    def spread(batches):
        return np.mean([np.ptp((rows["target"] != 0).sum(axis=1)) for rows in batches])

    made = epochs(stream)
    rng = np.random.default_rng(0)
    drawn = [rng.choice(stream.day(0), 16, replace=False) for _ in range(made.batches)]
    assert spread([made.batch(step) for step in range(made.batches)]) < 0.7 * spread(drawn)


def test_mistakes_of_batches_are_one_line(stream):
    with pytest.raises(ValueError, match=r"ScheduleConfig.batch_size = 500: expected at most the"):
        epochs(stream, batch_size=500)
    with pytest.raises(ValueError, match=r"step = 60: expected a whole number"):
        epochs(stream).batch(60)


@pytest.mark.parametrize(
    "field, value",
    [
        ("vocabulary_size", 3),
        ("validation_share", 0),
        ("most_words", 0),
        ("most_tokens", 1),
        ("path", 7),
    ],
)
def test_a_bad_value_of_a_corpus_names_its_field(field, value):
    with pytest.raises(ValueError, match=rf"CorpusConfig.{field} = {value}: expected"):
        fixture(**{field: value})


def test_a_config_with_its_digest_needs_no_files():
    assert (
        CorpusConfig(
            path="gone",
            vocabulary_size=9,
            validation_share=0.5,
            most_words=3,
            most_tokens=4,
            digest="0" * 64,
        ).digest
        == "0" * 64
    )


def test_a_missing_sentencepiece_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(ValueError, match="^sentencepiece is not installed: expected the packages"):
        PairStream(fixture(), tmp_path)
