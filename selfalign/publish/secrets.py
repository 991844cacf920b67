"""Text that looks like a secret, in whatever leaves this machine.

Well-known shapes and random keys are found by `checks.private`; what it does not know, and passwords in the style of
environment variables (DB_PASSWORD=...), by those plugins of detect-secrets that keep quiet on prose.
"""

import re
from functools import cache
from typing import Any

from selfalign.checks.private import find_secret as find_key

# A setting, and neither prose nor a program: NAME=value or NAME: value with the name in capitals, or name=value.
_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:export |set |ENV |-[ \t]*)?[\"']?(?:[A-Z][A-Z0-9_]{3,}[\"']?[ \t]*[=:].*|[a-z][\w.]{3,}=[^\s=(]+)$",
    re.MULTILINE,
)
# The detector reports these as well; they are what examples hold.
_MADE_UP = re.compile(
    r"(?:my|your|our|the|some|new|super|very|strong|secure|safe|secret|test|dummy|fake|sample|example|demo|default|"
    r"user|admin|root|postgres|mysql|db|database|app|api|jwt|aws|client|access|private|master|change|me|this|here|"
    r"password|passwd|passphrase|pass|pwd|key|token|value|string|placeholder|none|null|true|false|todo|redacted|"
    r"random|long|generated|enter|replace|insert|with|a|an|in|production|x+|\d{1,6}|[-_.*!@#$%<>\[\]{}()\"' ])+",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\$|\{\{|%\(|<[\w -]+>|\w+\(|os\.|env|vault", re.IGNORECASE)
_PLUGINS = {
    "azure_storage_key.AzureStorageKeyDetector": "a key of Azure Storage",
    "discord.DiscordBotTokenDetector": "a token of Discord",
    "mailchimp.MailchimpDetector": "a key of Mailchimp",
    "square_oauth.SquareOAuthDetector": "a token of Square",
    "telegram_token.TelegramBotTokenDetector": "a token of Telegram",
    "twilio.TwilioKeyDetector": "a key of Twilio",
}


def find_secret(text: str) -> str | None:
    """What kind of secret a text seems to hold, or None. Errs towards silence: placeholders are no secrets."""
    if kind := find_key(text):
        return kind
    keywords, plugins = _detectors()
    for kind, plugin in plugins.items():
        if any(True for _ in plugin.analyze_string(text)):
            return kind
    for line in _ASSIGNMENT.findall(text):
        # Named like a file of settings, whose values need no quotes.
        for found in keywords.analyze_line(filename="settings.conf", line=line, line_number=1):
            if _is_meant(found.secret_value or ""):
                return "a password in a setting"
    return None


def _is_meant(value: str) -> bool:
    """Whether a password's value is neither prose, nor made up, nor taken from elsewhere."""
    value = value.split(" #")[0].strip()
    return len(value) >= 6 and " " not in value and not _MADE_UP.fullmatch(value) and not _REFERENCE.search(value)


@cache
def _detectors() -> tuple[Any, dict[str, Any]]:
    from importlib import import_module

    from detect_secrets.plugins.keyword import KeywordDetector

    plugins = {}
    for place, kind in _PLUGINS.items():
        module, name = place.split(".")
        plugins[kind] = getattr(import_module(f"detect_secrets.plugins.{module}"), name)()
    return KeywordDetector(), plugins
