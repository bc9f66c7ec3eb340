import math

import numpy as np
import pytest

from inkdigits.nn.layers import Dense, Dropout
from inkdigits.recipes import CNN, MLP, highest_learning_rate
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.search_space import (
    DEFAULT_TRIALS,
    Choices,
    Range,
    describe,
    draw_settings,
    make_trials,
    parse_dimension,
    with_settings,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("learning_rate=log(1e-4,1e-2)", Range("log", 1e-4, 1e-2)),
        ("dropout = uniform( 0, 0.5 )", Range("uniform", 0, 0.5)),
        ("batch_size=int(16,256)", Range("int", 16, 256)),
        ("hidden=[[128,64],[256],[]]", Choices(((128, 64), (256,), ()))),
        ('augment=["mild", "strong"]', Choices(("mild", "strong"))),
        ("augment=[mild,strong]", Choices(("mild", "strong"))),
        ("schedule=[one-cycle]", Choices(("one-cycle",))),
        ("dropout=[0,0.25]", Choices((0.0, 0.25))),
        ("optimizer.weight_decay=[0.1,null]", Choices((0.1, None))),
        ("shuffle=[true, false]", Choices((True, False))),
        ("network.layers.1.bias=[false]", Choices((False,))),
    ],
)
def test_ranges_and_lists_are_parsed(text, values):
    dimension = parse_dimension(text)
    assert (dimension.name, dimension.values) == (text.partition("=")[0].strip(), values)


def test_setting_may_be_named_as_its_option():
    assert parse_dimension("learning-rate=[0.01]").name == "learning_rate"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rate", "does not name a setting"),
        ("=[1]", "does not name a setting"),
        ("learning_rate=log(0,1)", "give two positive numbers"),
        ("learning_rate=log(1,1e-3)", "the smaller one first"),
        ("learning_rate=log(1,1e999)", "is not a range"),
        ("learning_rate=log(1..2,3)", "is not a range"),
        ("learning_rate=log(1)", "cannot be read"),
        ("learning_rate=normal(0,1)", "cannot be read"),
        ("learning_rate=[]", "at least one value"),
        ("learning_rate=[true]", "must be a number"),
        ("batch_size=log(16,256)", "is a whole number"),
        ("batch_size=int(1.5,2)", "two whole numbers"),
        ("batch_size=[16.5]", "must be a whole number"),
        ("hidden=[128,64]", "is not a list of the sizes"),
        ("hidden=uniform(1,2)", "is not a number"),
        ("augment=[much]", "must be one of none, mild, strong"),
        ("augment=[[]]", "must be one of"),
        ("validation=[0.1,0.2]", "must be the same in all trials"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(text, message):
    with pytest.raises(ScaleError, match=message):
        parse_dimension(text)


def test_each_part_of_a_range_is_tried_once():
    space = [parse_dimension("learning_rate=log(1e-4,1e-2)"), parse_dimension("a=int(1,40)")]
    drawn = draw_settings(space, 40, seed=0)
    rates = np.log([settings["learning_rate"] for settings in drawn])
    parts = (rates - math.log(1e-4)) / math.log(100) * 40
    assert sorted(np.floor(parts + 1e-2).clip(0, 39)) == pytest.approx(range(40), abs=1)
    assert sorted(settings["a"] for settings in drawn) == list(range(1, 41))
    assert drawn == draw_settings(space, 40, seed=0) != draw_settings(space, 40, seed=1)


def test_ranges_are_drawn_within_their_bounds():
    for kind, low, high in (("log", 1e-4, 1e-2), ("uniform", -1, 1), ("int", 3, 5)):
        values = [Range(kind, low, high).at(share) for share in (0, 0.5, 1 - 1e-12)]
        assert values[0] == low
        assert values[-1] == high
        assert low < values[1] < high


def test_lists_alone_are_tried_in_all_combinations():
    space = [parse_dimension("augment=[none,mild]"), parse_dimension("hidden=[[8],[9],[10]]")]
    drawn = draw_settings(space, None, seed=0)
    assert len(drawn) == 6
    assert drawn[0] == {"augment": "none", "hidden": (8,)}
    assert drawn == draw_settings(space, 100, seed=1)
    assert 1 < len(draw_settings(space, 5, seed=0)) <= 5  # drawn twice, tried once


def test_number_of_trials_has_a_default_and_a_limit():
    space = [parse_dimension("learning_rate=log(1e-4,1e-2)")]
    assert len(draw_settings(space, None, seed=0)) == DEFAULT_TRIALS
    with pytest.raises(ScaleError, match="choose fewer with --trials"):
        draw_settings(space, 10_001, seed=0)
    with pytest.raises(ScaleError, match="learning_rate is given twice"):
        draw_settings(space * 2, 5, seed=0)


def test_settings_change_the_recipe():
    changed = with_settings(
        MLP,
        {
            "learning_rate": 0.002,
            "hidden": (32, 16),
            "optimizer.weight_decay": 0.5,
            "network.layers.1.bias": True,
            "ema_decay": 0.9,
        },
    )
    assert highest_learning_rate(changed.schedule) == 0.002
    dense = [layer.outputs for layer in changed.network.layers if isinstance(layer, Dense)]
    assert dense == [32, 16, 11]
    assert changed.optimizer.weight_decay == 0.5
    assert changed.ema_decay == 0.9
    dropout = with_settings(CNN, {"dropout": 0.1}).network.layers
    assert Dropout(0.1) in dropout


def test_trials_have_recipes_with_names_of_their_own():
    trials = make_trials(MLP, [{"hidden": (32,)}, {"hidden": ()}])
    assert [trial.recipe.name for trial in trials] == ["mlp-0001", "mlp-0002"]
    assert trials[0].recipe.summary == "mlp with hidden 32."
    assert describe(trials[1].settings) == "hidden none"
    assert describe({"a": None, "b": True, "c": "x"}) == "a none, b true, c x"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 100.0}, "schedule.peak: must be above 0 and at most 10"),
        ({"speed": 1}, "speed: there is no 'speed'.*learning_rate"),
        ({"optimizer.speed": 1}, "there is no 'speed'; there are .*weight_decay"),
        ({"network.layers.99.bias": 1}, "there is no '99'; there are numbers"),
        ({"name.x": 1}, "there is no 'x'; there are no fields"),
        ({"pendigits_images": 1.5}, "pendigits_images"),
        ({"outliers": 0}, "outliers: must be above 0"),
    ],
)
def test_recipe_that_cannot_be_trained_is_refused_in_a_sentence(settings, message):
    with pytest.raises(ScaleError, match=f"^mlp cannot be trained with .*{message}.*\\.$"):
        make_trials(MLP, [{}, settings])


def test_convolutions_have_no_hidden_layers():
    with pytest.raises(ScaleError, match="cnn cannot be trained with hidden 8"):
        make_trials(CNN, [{"hidden": (8,)}])
