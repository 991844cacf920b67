"""How a dataset is trained on: the chat template of a model that has none, and a script for TRL.

The form is the one of an answer without principles ("### User ... ### Answer ..."), which the built-in miniature and
a model engraved by this script share.
"""

import json

_TEMPLATE_LINES = (
    "{% for message in messages %}{% if message.role == 'user' %}",
    "### User\n{{ message.content }}\n### Answer\n",
    "{% else %}{% generation %}{{ message.content + eos_token }}{% endgeneration %}",
    "{% endif %}{% endfor %}",
)

CHAT_TEMPLATE = "".join(_TEMPLATE_LINES)
"""Jinja; `{% generation %}` marks what the loss is taken over."""


def training_snippet(model: str) -> str:
    """A Python script that engraves a dataset into `model` (Hub name or folder)."""
    template = "\n".join(f"        {json.dumps(line)}" for line in _TEMPLATE_LINES)
    return _SNIPPET.replace("{model}", json.dumps(model)).replace("{template}", template)


_SNIPPET = """\
from datasets import load_dataset
from transformers import AutoTokenizer
from trl import SFTConfig, SFTTrainer

DATASET = "path/to/this/folder"  # or the dataset's name on the Hub
MODEL = {model}

tokenizer = AutoTokenizer.from_pretrained(MODEL)
if tokenizer.chat_template is None:  # base models have none
    tokenizer.chat_template = (
{template}
    )

trainer = SFTTrainer(
    model=MODEL,
    processing_class=tokenizer,
    train_dataset=load_dataset(DATASET, "engraving", split="train"),
    args=SFTConfig(
        output_dir="engraved",
        max_length=1024,
        assistant_only_loss="{% generation %}" in tokenizer.chat_template,
    ),
)
trainer.train()
trainer.save_model()
"""
