from __future__ import annotations

from beavervision.workflows.config_tree import config_tree


def test_mappings_branch_and_values_are_leaves():
    grown = config_tree("model", {"width": 3, "field": {"levels": 8, "names": ["a", "b"]}})
    assert str(grown.label) == "model"
    assert [str(child.label) for child in grown.children] == ["width: 3", "field"]
    assert [str(leaf.label) for leaf in grown.children[1].children] == ["levels: 8", "names: ['a', 'b']"]


def test_the_tree_is_printed_when_asked_for(ridge, capsys):
    assert ridge("run.tree=true", "trainer.max_steps=5", "logger=csv") == 0
    told = capsys.readouterr().out
    assert told.index("model") < told.index("trainer")
    assert "lr: 0.1" in told
