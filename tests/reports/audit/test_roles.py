import pytest

from reports.audit.roles import Roles
from reports.errors import ReportError
from reports.tabular.levels import AttributeSpec


def guessed(roles=None, **columns):
    """Roles for columns given with their first cells, in one string."""
    sample = {name: cells.split() for name, cells in columns.items()}
    return (roles or Roles()).guessed(list(columns), sample, source="faces.csv")


def test_columns_are_recognised_by_their_usual_names():
    found = guessed(
        Dataset="d", emotion="happy", gender="m f", Race="a b", AU06_r="1.5", subject="1", n="3",
        prediction="happy", image="x.png",
    )  # fmt: skip

    assert (found.dataset, found.labels, found.cluster) == ("Dataset", "emotion", "subject")
    assert (found.weight, found.prediction) == ("n", "prediction")
    assert found.attributes == (AttributeSpec("gender", "gender"), AttributeSpec("Race", "Race"))
    assert found.action_units == ("AU06_r",)
    assert found.settled


def test_every_guess_is_a_sentence():
    found = guessed(emotion="happy", sex="m")

    assert found.notes == ("attribute: column `sex` (guessed)", "label: column `emotion` (guessed)")


def test_what_the_user_says_is_not_guessed_and_not_noted():
    roles = Roles(labels="x", attributes=(AttributeSpec("g", "y"),))

    found = guessed(roles, x="happy", y="m", emotion="sad", gender="m")

    assert found.labels == "x"
    assert found.attributes == roles.attributes
    assert found.notes == ()


def test_none_says_that_there_is_no_such_column():
    none = AttributeSpec("none", "none")
    roles = Roles(cluster="none", action_units=("none",), attributes=(none,), conditions=("none",))

    found = guessed(roles, label="a", subject="1", AU06="1", gender="m", intended="joy")

    assert (found.cluster, found.action_units, found.attributes) == ("", (), ())
    assert found.conditions == ()
    assert [note for note in found.notes if "label" not in note] == []


def test_guessing_twice_changes_nothing():
    once = guessed(emotion="happy", gender="m")

    assert once.guessed(["other"], {"other": ["x"]}) is once


def test_vote_columns_are_known_by_their_prefix():
    found = guessed(votes_anger="1 0", votes_joy="3 4", votes_note="x y", sex="m f")

    assert found.votes == ("votes_anger", "votes_joy")
    assert found.labels == ""


def test_vote_columns_that_hold_no_counts_are_not_left_out_in_silence():
    found = guessed(votes_anger="1 -1", votes_joy="3 inf", votes_fear="0.5 1", sex="m f")

    assert found.votes == ("votes_anger", "votes_joy", "votes_fear")


def test_three_counted_emotions_are_votes_with_what_belongs_to_them():
    found = guessed(row="0", neutral="4 0", sadness="0 1", fear="1 0", unknown="1 9", usage="a")

    assert found.votes == ("neutral", "sadness", "fear", "unknown")


def test_scores_of_emotions_are_no_votes():
    with pytest.raises(ReportError, match="no column looks like a label; name it with --label"):
        guessed(neutral="0.4", sadness="0.6", fear="0.0")


def test_a_table_of_an_unknown_delimiter_is_told_so():
    with pytest.raises(ReportError, match="has a single column, 'label.gender': separate columns"):
        guessed(**{"label|gender": "happy|m"})


def test_a_single_emotion_column_is_no_vote():
    assert guessed(label="a b", happy="1 0").votes == ()


@pytest.mark.parametrize(
    ("columns", "option"),
    [
        ({"label": "a", "emotion": "b"}, "--label"),
        ({"label": "a", "subject": "1", "actor": "2"}, "--cluster"),
        ({"label": "a", "n": "1", "count": "2"}, "--weight"),
        ({"label": "a", "votes_a": "1", "votes_b": "2"}, "--votes or --label"),
    ],
)
def test_an_ambiguous_guess_is_an_error_that_names_the_option(columns, option):
    with pytest.raises(ReportError, match=option):
        guessed(**columns)


def test_naming_one_of_two_settles_the_guess():
    assert guessed(Roles(labels="emotion"), label="a", emotion="b").labels == "emotion"


def test_a_label_named_beside_votes_takes_no_votes():
    found = guessed(Roles(labels="label"), label="a", votes_a="1", votes_b="2")

    assert (found.labels, found.votes) == ("label", ())


def test_labels_and_votes_exclude_each_other():
    with pytest.raises(ReportError, match="exclude each other"):
        guessed(Roles(labels="label", votes=("votes_a",)), label="a", votes_a="1")


def test_an_audit_without_labels_is_an_error():
    with pytest.raises(ReportError, match="needs labels"):
        guessed(Roles(labels="none"), emotion="b")


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        (Roles(labels="emotoin"), "no column 'emotoin' for --label; did you mean 'emotion'"),
        (Roles(cluster="who"), "no column 'who' for --cluster"),
        (Roles(votes=("votes_x",)), "for --votes"),
        (Roles(conditions=("intent",)), "for --strata"),
        (Roles(attributes=(AttributeSpec("a", "sexx"),)), "for --attribute; did you mean 'sex'"),
        (Roles(action_units=("AU06",)), "for --au"),
    ],
)
def test_a_column_that_is_not_there_is_an_error_that_names_the_option(roles, message):
    with pytest.raises(ReportError, match=message):
        guessed(roles, emotion="a", sex="m")


def test_attributes_are_known_by_a_part_of_their_name():
    found = guessed(label="a", actorSex="m", perceived_gender="f", age4="0 1 2", image="x",
                    message="x", stage="y")  # fmt: skip

    assert [spec.name for spec in found.attributes] == ["actorSex", "perceived_gender", "age4"]


@pytest.mark.parametrize("ages", ["33 51 20", "0.5 1.5", " ".join(map(str, range(40)))])
def test_measured_ages_are_left_out_with_a_sentence(ages):
    found = guessed(label="a", age=ages)

    assert found.attributes == ()
    assert "column `age` is left out" in found.notes[0]


def test_attributes_guessed_by_a_classifier_are_told_by_their_name():
    found = guessed(label="a", predicted_gender="m", race="x")

    assert found.predicted_attributes == ("predicted_gender",)
    assert "predicted attribute: predicted_gender (guessed)" in found.notes


def test_a_predicted_attribute_must_be_an_attribute():
    with pytest.raises(ReportError, match="'race' is said to be predicted but is no attribute"):
        guessed(Roles(predicted_attributes=("race",)), label="a", gender="m")


def test_an_intended_emotion_is_a_condition_and_no_label():
    found = guessed(label="a", intended_emotion="b")

    assert (found.labels, found.conditions) == ("label", ("intended_emotion",))


def test_a_file_without_attributes_is_no_error():
    assert guessed(label="a").attributes == ()
