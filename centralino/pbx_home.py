"""An Asterisk's home folder: the files of `asterisk_conf/` and `dialplan/` with the settings put in, and the folders it writes to."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from centralino.settings import CHECKOUT, Folders, UpSettings
from dialplan.model import MINUTES_A_DAY, minute_of_day, parse_weekly
from dialplan.settings import HoursSettings
from ivr.settings import IvrSettings

TEMPLATES = CHECKOUT / "asterisk_conf"
PLACE = re.compile(r"@([A-Z_]+)@")
HASH_ROUNDS = 1000  # the fewest that SHA-512 crypt has
WRITES_TO = ("db", "log", "run", "spool/recording", "spool/fallback")


def secret(folder: Path, name: str) -> str:
    """The secret of this name, drawn at first use and kept in a file only its owner reads."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return path.read_text(encoding="ascii")


def make_pbx_home(
    settings: UpSettings,
    ivr: IvrSettings,
    root: str,
    added: Sequence[Path] = (),
    hours: HoursSettings = HoursSettings(),  # noqa: B008 (frozen)
) -> Path:
    """Write the PBX's files; returns its home. A file of `added` is put at the end of the one of its name, or beside the others."""
    folders, ports = Folders(settings.data, settings.cache), settings.ports
    values = _common(folders.asterisk, root, folders, "ari") | {
        "SIP_BIND": settings.sip_bind,
        "SIP_PORT": str(ports.sip),
        "ARI_PORT": str(ports.ari),
        "AMI_PORT": str(ports.ami),
        "AMI_PASSWORD_GUARD": secret(folders.secrets, "ami-guard"),
        "AMI_PASSWORD_QUEUE": secret(folders.secrets, "ami-queue"),
        "RTP_START": str(ports.rtp[0]),
        "RTP_END": str(ports.rtp[1]),
        "TRUNK_MATCH": "\n".join(f"match = {address}" for address in settings.trunk_addresses),
        "TRUNK_AOR": trunk_aor(settings.trunk_contact),
        "MAX_CALLS": str(settings.max_calls),
        "MESSAGE_LIMIT_S": str(int(ivr.message_limit_s)),
        "MESSAGE_SILENCE_S": str(int(ivr.message_silence_s)),
        "OPERATOR_WAIT_S": str(settings.operator_wait_s),
        "OPERATORS": _phones("phone.conf", settings.operators, folders),
        **week_globals(hours),
    }
    files = {path.name: path for path in [*(TEMPLATES / "etc").glob("*.conf"), *(CHECKOUT / "dialplan").glob("*.conf")]}
    home = _write(folders.asterisk, files, values)
    for source in added:
        with (home / "etc" / source.name).open("a", encoding="utf-8") as target:
            target.write(fill(source.read_text(encoding="utf-8"), values, source.name))
    return home


def trunk_aor(contact: str) -> str:
    """The trunk's own address, asked every 10 s whether it is there; nothing where none is known."""
    if not contact:
        return ""
    aor = ("[trunk]", "type = aor", f"contact = {contact}", "qualify_frequency = 10", "qualify_timeout = 3")
    return "\n".join(("aors = trunk", "", *aor))


def make_robot_home(settings: UpSettings, root: str, operators: Sequence[str] = ()) -> Path:
    """Write the files of the second Asterisk, the robot phones'; returns its home. `operators` are phones that register as such."""
    folders, ports = Folders(settings.data, settings.cache), settings.ports
    values = _common(folders.robot, root, folders, "robot-ari") | {
        "SIP_PORT": str(ports.robot_sip),
        "ARI_PORT": str(ports.robot_ari),
        "RTP_START": str(ports.robot_rtp[0]),
        "RTP_END": str(ports.robot_rtp[1]),
        "PBX_SIP": f"127.0.0.1:{ports.sip}",
        "OPERATORS": _phones("robot.conf", operators, folders, PBX_SIP=f"127.0.0.1:{ports.sip}"),
        "MAX_CALLS": "500",
    }
    files = {path.name: path for path in (TEMPLATES / "etc").glob("*.conf")}
    files["modules-pbx.conf"] = files["modules.conf"]
    files |= {path.name: path for path in (TEMPLATES / "robot").glob("*.conf")}
    return _write(folders.robot, files, values)


def _common(home: Path, root: str, folders: Folders, ari_secret: str) -> dict[str, str]:
    return {
        "HOME": str(home),
        "SOUNDS": str(folders.sounds),
        "MODULES": _modules(root),
        "ARI_PASSWORD_HASH": _hash(secret(folders.secrets, ari_secret)),
    }


def _phones(template: str, numbers: Sequence[str], folders: Folders, **values: str) -> str:
    """The sections of each operator's phone; its password is drawn at first use."""
    text = (TEMPLATES / "operator" / template).read_text(encoding="utf-8")
    return "\n".join(
        fill(text, {"NUMBER": number, "PASSWORD": secret(folders.secrets, f"phone-{number}"), **values}, template)
        for number in numbers
    )


def week_globals(hours: HoursSettings) -> dict[str, str]:
    """The weekly hours as `dialplan/hours.conf` wants them."""
    week = parse_weekly(hours.weekly)
    return {
        "HOURS_ZONE": hours.timezone,
        "HOURS_WEEK": "".join("1" if day in week.days else "0" for day in range(7)),
        "HOURS_OPENS": str(minute_of_day(week.opens)),
        "HOURS_CLOSES": str(minute_of_day(week.closes) or MINUTES_A_DAY),
    }


def _modules(root: str) -> str:
    found = sorted(Path(root or "/").glob("usr/lib/*/asterisk/modules")) + sorted(
        Path(root or "/").glob("usr/lib/asterisk/modules")
    )
    if not found:
        raise FileNotFoundError(
            f"no Asterisk modules under {root or '/'}: remove that folder and run `centralino setup`"
        )
    return "/" + str(found[0].relative_to(root or "/"))


def _hash(password: str) -> str:
    # The password goes in on standard input: a process list shows arguments to everyone.
    # Asterisk computes the hash again for every single request on the websocket: at the usual 5000 rounds that took 1.7 ms
    # of the 1.9 ms a request takes. More rounds slow down guessing, and nobody guesses 24 random bytes.
    salt = f"rounds={HASH_ROUNDS}${secrets.token_hex(8)}"
    done = subprocess.run(
        ["openssl", "passwd", "-6", "-salt", salt, "-stdin"], input=password, text=True, capture_output=True, check=True
    )
    return done.stdout.strip()


def _write(home: Path, files: Mapping[str, Path], values: Mapping[str, str]) -> Path:
    etc = home / "etc"
    shutil.rmtree(etc, ignore_errors=True)
    etc.mkdir(parents=True, mode=0o700)
    for folder in WRITES_TO:
        (home / folder).mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        target = etc / name
        target.touch(mode=0o600)
        target.write_text(fill(source.read_text(encoding="utf-8"), values, name), encoding="utf-8")
    return home


def fill(text: str, values: Mapping[str, str], name: str) -> str:
    """Put `values` in place of each `@NAME@`. Raises ValueError for one nobody gave: an Asterisk file must not load half."""
    missing = set(PLACE.findall(re.sub(r"^;.*$", "", text, flags=re.MULTILINE))) - values.keys()
    if missing:
        raise ValueError(f"{name} wants {', '.join(sorted(missing))}, which no setting gives")
    return PLACE.sub(lambda place: values.get(place[1], place[0]), text)
