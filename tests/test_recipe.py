import pytest

from selfalign.errors import RecipeError
from selfalign.recipe import Recipe, build_recipe, load_recipe, recipe_row


def write(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_recipe_takes_its_files_name_and_the_defaults(tmp_path):
    recipe = load_recipe(write(tmp_path, "propose: {target: 7}\n"))
    assert recipe == build_recipe({"name": "mine", "propose": {"target": 7}}, "x")
    assert recipe.slots == Recipe().slots


def test_a_resolved_recipe_resolves_to_itself():
    recipe = build_recipe({"seeds": ["default"], "model": {"engine": {"max_model_len": 2048}}}, "x")
    assert build_recipe(recipe_row(recipe), "y") == recipe


def test_set_overrides_the_file_and_its_values_are_yaml(tmp_path):
    path = write(tmp_path, "propose: {target: 7}\n")
    overrides = [
        "propose.target=5000",
        "seeds=[a.jsonl, b.jsonl]",
        "align.sampling.temperature=1",
        "model.engine.x=true",
    ]
    recipe = load_recipe(path, overrides)
    assert recipe.propose.target == 5000
    assert recipe.seeds == ("a.jsonl", "b.jsonl")
    assert isinstance(recipe.align.sampling.temperature, float)
    assert recipe.model.engine == {"x": True}


def test_set_reaches_into_a_spec_that_is_not_there_by_default():
    assert build_recipe({}, "x", ["propose.source.path=rows.jsonl"]).propose.source.path == "rows.jsonl"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("propos: {}\n", r"mine\.yaml:1: propos: unknown key; did you mean 'propose'\?"),
        ("propose: {targt: 3}\n", r"mine\.yaml:1: propose\.targt: unknown key; did you mean 'target'\?"),
        ("propose: {target: many}\n", r"mine\.yaml:1: propose\.target: a whole number is needed, not 'many'"),
        ("propose: {target: true}\n", r"propose\.target: a whole number is needed, not True"),
        ("slots: 8\npropose: {target: 0}\n", r"mine\.yaml:2: propose\.target: must be at least 1, is 0"),
        ("propose: 3\n", r"mine\.yaml:1: propose: a mapping is needed"),
        ("seeds: default\n", r"mine\.yaml:1: seeds: a list is needed, not 'default'"),
        ("seeds: []\n", "seeds: at least one"),
        ("- a\n- b\n", r"mine\.yaml:1: must be a mapping of keys"),
        ("a: [1\n", r"mine\.yaml:\d: not valid YAML"),
        ("slots: 3\nslots: 4\n", r"mine\.yaml:2: duplicate key 'slots'"),
        ("propose: {source: {limit: 3}}\n", r"mine\.yaml:1: propose\.source\.path: is missing"),
        ("align: {sampling: {temperature: -1}}\n", r"align\.sampling\.temperature: must lie between 0 and 2, is -1"),
        ("align: {sampling: {stop: x}}\n", r"align\.sampling\.stop: a list is needed"),
    ],
)
def test_every_complaint_is_one_line_with_file_and_key(tmp_path, text, complaint):
    with pytest.raises(RecipeError, match=complaint) as raised:
        load_recipe(write(tmp_path, text))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("propose.target", "write it as key=value"),
        ("=3", "write it as key=value"),
        ("propose.targt=3", r"--set: propose\.targt: unknown key; did you mean"),
        ("nowhere.target=3", "unknown key 'nowhere'"),
        ("propose.target=[", "--set propose.target=\\["),
        ("propose.target=few", "--set: propose.target: a whole number"),
    ],
)
def test_a_wrong_override_names_the_flag(override, complaint):
    with pytest.raises(RecipeError, match=complaint):
        build_recipe({}, "mine.yaml", [override])


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(RecipeError, match="did you mean 'default'"):
        load_recipe("defalt")


def test_a_recipe_that_is_not_text_is_one_line(tmp_path):
    (tmp_path / "r.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match=r"r\.yaml:1: not UTF-8 text"):
        load_recipe(str(tmp_path / "r.yaml"))


def test_a_name_that_no_file_can_have_is_one_line():
    with pytest.raises(RecipeError, match=r"aaa: cannot be read: File name too long$"):
        load_recipe("a" * 5000)
