"""Where a model's files lie: a folder or a Hub repository; what is wrong with either is said before a long start."""

import contextlib
from pathlib import Path

from selfalign.errors import EngineStartError, one_line

_WEIGHTS = (".safetensors", ".bin", ".pt")
"""What weights are called, the preferred first."""


def is_path(location: str) -> bool:
    """Whether a model's location is a place on this machine, existing or not, and no Hub name."""
    return Path(location).exists() or location.startswith(("/", "./", "../", "~"))


def weights_size(location: str) -> int:
    """Bytes of weights in a folder; 0 where there are none to count."""
    return sum(file.stat().st_size for file in Path(location).glob("*.safetensors"))


def bytes_to_download(location: str, revision: str | None) -> int:
    """Bytes of a Hub model's weights that are not on this machine; 0 where all are, or where nobody can tell."""
    if is_path(location):
        return 0
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        info = HfApi().model_info(location, revision=revision, files_metadata=True, timeout=10)
    except Exception:  # a courtesy: what keeps a model from being downloaded is said by the download
        return 0
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or () if "/" not in file.rfilename}
    suffix = next((suffix for suffix in _WEIGHTS if any(name.endswith(suffix) for name in sizes)), None)
    wanted = {name: size for name, size in sizes.items() if suffix and name.endswith(suffix)}
    return sum(
        size
        for name, size in wanted.items()
        if not isinstance(try_to_load_from_cache(location, name, revision=info.sha), str)
    )


def bytes_on_disk(name: str) -> int:
    """Bytes that the Hub's cache on this machine holds of a model, unfinished files included."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    blobs = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model") / "blobs"
    total = 0
    for file in blobs.glob("*"):
        with contextlib.suppress(OSError):  # renamed just now
            total += file.stat().st_size
    return total


def find_tokenizer_file(location: str, revision: str | None) -> Path | None:
    """The tokenizer.json of a model, where it is on this machine; asks no network."""
    return find_file(location, "tokenizer.json", revision)


def find_file(location: str, name: str, revision: str | None) -> Path | None:
    """A file of a model, where it is on this machine; asks no network."""
    local = Path(location) / name
    if local.is_file():
        return local
    if is_path(location):
        return None
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    with contextlib.suppress(HFValidationError):
        cached = try_to_load_from_cache(location, name, revision=revision)
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
