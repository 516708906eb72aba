"""Students by name: as the roster has them, a few at once, many behind their number; whatever their names are."""

from grader.report.collect import ClassData
from grader.report.names import FEW, in_order, listed, named, who
from grader.report.scores import Person

DATA = ClassData(
    "bn", [], {p.id: p for p in (Person("b", "Ada", "Abel"), Person("a", "", ""), Person("<i>", "O'", "&"))}, []
)


def test_who_has_an_id_and_the_name_of_the_roster():
    assert who("b", DATA) == '<bdi>b</bdi> <span class="soft"><bdi>Ada Abel</bdi></span>'
    assert who("a", DATA) == "<bdi>a</bdi>" and who("not there", DATA) == "<bdi>not there</bdi>"
    assert "<i>" not in who("<i>", DATA) and "O&#x27; &amp;" in who("<i>", DATA)


def test_they_stand_as_on_the_roster_then_by_id():
    assert in_order({"z", "a", "b", "x"}, DATA) == ["b", "a", "x", "z"]
    assert listed(["a", "b"], DATA).index("Abel") < listed(["a", "b"], DATA).index("<bdi>a<")


def test_many_are_a_number_that_opens():
    few, many = [f"s{n}" for n in range(FEW)], [f"s{n}" for n in range(FEW + 1)]
    assert named(few, DATA) == listed(few, DATA)
    assert named(many, DATA).startswith('<details class="who"><summary>6 students</summary>')
    assert listed(many, DATA) in named(many, DATA) and named([], DATA) == ""
