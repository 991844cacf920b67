"""The miniature's tokenizer: byte-level BPE, digits apart, one end token.

Digits are apart so that sums can be learned. The number before a principle's name is one token all the same: with two,
the model finds the first digit and forgets to look up the second.
"""

from collections.abc import Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from training.documents import Documents
from training.turns import END

PAD = "<|pad|>"
VOCABULARY = 4106
NUMBERS = r"(?<!\d)1\d(?= \()|\d"
"""What stands apart from the text around it: a number from 10 to 19 before a name in brackets, any other digit."""

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{{ message['content'] + '\\n\\n' }}"
    "{%- elif message['role'] == 'user' -%}{{ '### User\\n' + message['content'] + '\\n### Answer\\n' }}"
    "{%- elif message['role'] == 'assistant' -%}"
    "{% generation %}{{ message['content'] + '" + END + "' }}{% endgeneration %}"
    "{%- endif -%}{%- endfor -%}"
)
"""The raw form. After a user turn the template always stands at "### Answer", so `add_generation_prompt` adds
nothing; further turns follow the end token directly, as in training."""


def train_tokenizer(rng_seed: int, sequences: int = 6000) -> PreTrainedTokenizerFast:
    """Train on text drawn from the corpus; the same seed gives the same tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(NUMBERS), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(rng_seed, sequences), trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
        model_max_length=8192,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def _texts(rng_seed: int, sequences: int) -> Iterator[str]:
    documents = Documents(rng_seed)
    for _ in range(sequences):
        for piece in documents.next(1024)[0]:
            yield piece.text.replace(END, "")


def write_tokenizer(folder: Path, rng_seed: int) -> None:
    """Train and save."""
    train_tokenizer(rng_seed).save_pretrained(folder)
