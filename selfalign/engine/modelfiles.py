"""Where a model's files lie: a folder or a Hub repository; what is wrong with either is said before a long start."""

import contextlib
from pathlib import Path

from selfalign.errors import EngineStartError, one_line


def is_path(location: str) -> bool:
    """Whether a model's location is a place on this machine, existing or not, and no Hub name."""
    return Path(location).exists() or location.startswith(("/", "./", "../", "~"))


def weights_size(location: str) -> int:
    """Bytes of weights in a folder; 0 where there are none to count."""
    return sum(file.stat().st_size for file in Path(location).glob("*.safetensors"))


def find_tokenizer_file(location: str, revision: str | None) -> Path | None:
    """The tokenizer.json of a model, where it is on this machine; asks no network."""
    local = Path(location) / "tokenizer.json"
    if local.is_file():
        return local
    if is_path(location):
        return None
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    with contextlib.suppress(HFValidationError):
        cached = try_to_load_from_cache(location, "tokenizer.json", revision=revision)
        return Path(cached) if isinstance(cached, str) else None
    return None


def refuse_missing_model(location: str, revision: str | None) -> None:
    """Raise `EngineStartError` where a folder holds no model or the Hub has none of that name."""
    if not is_path(location):
        _refuse_unknown_hub_name(location, revision)
        return
    folder = Path(location)
    if folder.suffix == ".gguf":
        return
    if not folder.is_dir():
        raise EngineStartError(f"{location}: no such folder; name a model's folder or its name on the Hub")
    if not any((folder / name).is_file() for name in ("config.json", "params.json")):
        raise EngineStartError(f"{location}: not a model: the folder holds no config.json")


def _refuse_unknown_hub_name(name: str, revision: str | None) -> None:
    from huggingface_hub import errors, hf_hub_download

    try:
        hf_hub_download(name, "config.json", revision=revision)
    except errors.GatedRepoError:
        reason = "the model is gated: accept its terms on the Hub and log in with `hf auth login`"
    except errors.RepositoryNotFoundError:
        reason = "no such model on the Hub, or it is private and no token was found; a folder needs its full path"
    except errors.RevisionNotFoundError:
        reason = f"the model has no revision {revision!r}"
    except errors.HFValidationError:
        reason = "neither a folder nor a name of the form user/model"
    except errors.LocalEntryNotFoundError:
        reason = "not on this machine, and the Hub cannot be reached"
    except errors.EntryNotFoundError:
        return  # formats without a config.json are vLLM's to judge
    except (OSError, errors.HfHubHTTPError) as error:
        reason = f"the Hub did not answer ({one_line(error)})"
    else:
        return
    raise EngineStartError(f"{name}: {reason}") from None
