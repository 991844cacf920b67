"""The dataset card: what a dataset is, how it was made, what its limits are, how to train on it.

    facts      what it is made from
    header     the YAML that `load_dataset` and the Hub read: configurations, splits, sizes, licence
    sections   what it says
    training   the script for TRL, and the chat template for models that have none
    markdown   foreign text inside the page

Whatever was generated or written by users goes through `markdown`, so that nothing in it becomes markup; folders of
this machine never reach the page.
"""

import yaml

from selfalign.dataset.card.facts import CardFacts, Split, public
from selfalign.dataset.card.header import card_header
from selfalign.dataset.card.sections import sections

__all__ = ["CardFacts", "Split", "public", "render_card"]


def render_card(facts: CardFacts) -> str:
    """The whole README.md of a dataset, its YAML header first."""
    header = yaml.safe_dump(card_header(facts), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{header}---\n\n" + "\n\n".join(sections(facts)) + "\n"
