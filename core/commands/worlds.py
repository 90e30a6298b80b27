"""``main.py worlds``: which there are; getting, bringing in, checking and taking away one."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands.arguments import Trouble
from core.commands.terminal import FAILED, OK, STOPPED, Line, Stop, say
from core.commands.world_lines import licence_lines, lines, row
from core.models.errors import LicenceNotAccepted, ModelError, Stopped
from core.models.offers import OFFERS, Offer, offer
from core.models.overview import overview
from core.models.progress import Progress
from core.models.settings import ModelSettings
from core.models.sizes import duration, size

if TYPE_CHECKING:
    from core.engine.control import CancelToken
    from core.models.places import Installed


def add_worlds(commands: Any) -> None:
    """The options of ``worlds``, added to main.py's parser."""
    worlds = commands.add_parser(
        "worlds", help="the worlds there are: list, get, import, verify, remove",
        description="Which worlds the studio can run, what they need and their licences; getting "
        "them, bringing in what you have, and taking them away.",
    )
    actions = worlds.add_subparsers(dest="action")
    listed = actions.add_parser("list", help="every world, what it is and what it needs")
    listed.add_argument("--json", action="store_true", help="for programs")
    get = actions.add_parser(
        "get", help="fetch a world; one that was stopped goes on",
        description="Fetch a world. Ctrl-C stops; the same command goes on where it was.",
    )
    get.add_argument("id", metavar="ID", help="from the list")
    get.add_argument("--to", metavar="DIR", help="where to put it")
    get.add_argument("--accept-licence", action="store_true",
                     help="you have read its licence and accept it")
    bring = actions.add_parser(
        "import", help="use a folder you already have",
        description="Use a folder in the layout of diffusers, or a snapshot of a hub's cache. It "
        "is verified, and used where it is unless you say --copy.",
    )
    bring.add_argument("folder", metavar="FOLDER")
    bring.add_argument("--copy", action="store_true", help="copy it")
    bring.add_argument("--to", metavar="DIR", help="where the copy goes")
    bring.add_argument("--id", default="", metavar="NAME", help="what it is called here")
    proof = actions.add_parser(
        "verify", help="whether the files of a world are still right",
        description="Read every file of an installed world and compare it with the checksum it had "
        "when it came. Without ID: of all. Ctrl-C stops; nothing is changed.",
    )
    proof.add_argument("id", nargs="?", default="", metavar="ID", help="from the list")
    proof.add_argument("--mend", action="store_true",
                       help="fetch the files that are damaged again, and no others")
    remove = actions.add_parser("remove", help="take a world, or what was fetched of it, away")
    remove.add_argument("id", metavar="ID", help="from the list")
    token = actions.add_parser(
        "token", help="keep an access token for gated worlds",
        description="Keep an access token for gated worlds in the system's keyring. It is asked "
        "for here, or read from the standard input; never give it as an option.",
    )
    token.add_argument("--forget", action="store_true", help="take it out again")
    offline = actions.add_parser("offline", help="whether anything may be fetched")
    offline.add_argument("state", choices=("on", "off"))


def worlds(args: argparse.Namespace, stop: Stop) -> int:
    from core.models.removal import sweep

    settings = ModelSettings()
    sweep(settings)
    match args.action:
        case "get":
            return _get(args, settings, stop)
        case "import":
            return _import(args, settings, stop)
        case "verify":
            return _verify(args.id, args.mend, settings, stop)
        case "remove":
            return _remove(args.id, settings)
        case "token":
            return _token(args.forget, settings)
        case "offline":
            settings.set_offline(args.state == "on")
            say(f"Offline is {args.state}.")
            return OK
        case _:
            return _list(settings, getattr(args, "json", False))


# -- list ------------------------------------------------------------------------------------------


def _list(settings: ModelSettings, as_json: bool) -> int:
    from core.machine.probe import probe_machine
    from core.models.fit import fit

    machine = probe_machine()
    items = overview(settings)
    fits = {
        item.id: fit(item.offer, machine, settings.folder, item.disk) if item.offer else ()
        for item in items
    }
    if as_json:
        rows = [row(item, [vars(f) for f in fits[item.id]]) for item in items]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return OK
    for item in items:
        for line in lines(item, [f.words for f in fits[item.id]]):
            print(line)
    print(f"New worlds go to {settings.folder}.")
    if settings.offline:
        print("Offline is on: nothing is fetched.")
    return OK


# -- get -------------------------------------------------------------------------------------------


def _known(id: str) -> Offer:
    found = offer(id)
    if found is None:
        ids = ", ".join(o.id for o in OFFERS if not o.embedded)
        raise Trouble(f"There is no world {id!r} to fetch. There are: {ids}.", True)
    return found


def _get(args: argparse.Namespace, settings: ModelSettings, stop: Stop) -> int:
    from core.models.download import Download, make_hub, plan
    from core.models.licences import is_accepted
    from core.models.places import find_partly

    one = _known(args.id)
    root = Path(args.to).expanduser().absolute() if args.to else None
    token, line = stop.listen(), Line()
    hub = make_hub(settings)
    try:
        if not (is_accepted(settings, one) and find_partly(one.id, settings)) and not one.embedded:
            found = plan(one, hub, lambda: token.cancelled)
            _agree(one, found.bytes, found.card, settings, args.accept_licence)
        download = Download(
            one, settings, hub, root, progress=_telling(line, one.name),
            cancelled=lambda: token.cancelled,
        )  # fmt: skip
        world = download.run()
    except Stopped:
        line.end()
        there = find_partly(one.id, settings)
        kept = f"{size(there.done)} of {size(there.total)} are kept. " if there else ""
        say(f"Stopped. {kept}Go on with: main.py worlds get {one.id}")
        return STOPPED
    except LicenceNotAccepted as error:
        if not error.card or not args.accept_licence:
            raise
        raise Trouble(f"{error} Then give --accept-licence again.") from error
    finally:
        line.end()
    print(world.folder)
    return OK


def _agree(one: Offer, total: int, card: str, settings: ModelSettings, given: bool) -> None:
    """Show the licence and have it accepted: by the option, or by an answer at the terminal."""
    from core.models.licences import accept, is_accepted

    if is_accepted(settings, one, card):
        return
    say(f"{one.name}: {size(total)} to fetch from {one.page}")
    for text in licence_lines(one):
        say(text)
    if card and card != one.licence.card:
        say(f"Its page names the licence “{card}”. What counts is what is written there.")
    if not given:
        if not sys.stdin.isatty():
            raise Trouble(
                "Nothing was fetched. When you have read the licence and accept it, give "
                "--accept-licence.", True,
            )  # fmt: skip
        if input("Do you accept this licence? Type yes: ").strip().lower() not in ("yes", "y"):
            raise Trouble("Nothing was fetched, because the licence was not accepted.")
    accept(settings, one, card)


def _telling(line: Line, name: str) -> Callable[[Progress], None]:
    def show(p: Progress) -> None:
        match p.phase:
            case "asking":
                line.text(f"{name}: asking the hub", urgent=True)
            case "waiting":
                line.text(f"{name}: {p.note}", urgent=True)
            case "finishing":
                line.text(f"{name}: checking that everything is there", urgent=True)
            case _:
                share = f" ({100 * p.done // p.total} %)" if p.total else ""
                text = f"{name}: {size(p.done)} of {size(p.total)}{share}"
                if p.phase == "checking":
                    text += ", checking what is there"
                if p.speed:
                    text += f", {size(p.speed)} a second"
                if p.left is not None:
                    text += f", {duration(p.left)} left"
                line.text(text)

    return show


# -- import, remove, token -------------------------------------------------------------------------


def _import(args: argparse.Namespace, settings: ModelSettings, stop: Stop) -> int:
    from core.models.importing import import_folder

    token, line = stop.listen(), Line()
    root = Path(args.to).expanduser().absolute() if args.to else None
    try:
        world = import_folder(
            Path(args.folder), settings, args.copy, root, args.id,
            _telling(line, Path(args.folder).name), lambda: token.cancelled,
        )  # fmt: skip
    except Stopped:
        line.end()
        say("Stopped. Nothing was changed.")
        return STOPPED
    finally:
        line.end()
    if world.offer is not None:
        for text in licence_lines(world.offer):
            say(text)
    say(f"{world.name} is there as {world.id}.")
    print(world.folder)
    return OK


def _verify(id: str, mending: bool, settings: ModelSettings, stop: Stop) -> int:
    from core.models.places import find_installed, installed

    if id and not (one := offer(id)) and find_installed(id, settings) is None:
        raise Trouble(f"There is no world {id!r} here. See: main.py worlds list", True)
    starter = next(o for o in OFFERS if o.embedded)
    if id in ("", starter.id):
        code = _verify_starter(starter)
        if id:
            return code
    else:
        code = OK
        if find_installed(id, settings) is None:
            raise Trouble(f"{one.name} is not installed. Get it with: main.py worlds get {id}")
    token, line = stop.listen(), Line()
    for world in installed(settings):
        if id in ("", world.id):
            try:
                code = max(code, _verify_one(world, mending, settings, token, line))
            except Stopped:
                line.end()
                say("Stopped." if not mending else f"Stopped. Go on with: worlds get {world.id}")
                return STOPPED
            finally:
                line.end()
    return code


def _verify_one(
    world: Installed, mending: bool, settings: ModelSettings, token: CancelToken, line: Line
) -> int:
    from core.models.verify import mend, verify

    telling = _telling(line, world.name)
    found = verify(world, telling, lambda: token.cancelled)
    line.end()
    print(found.words)
    if found.fine:
        return OK
    if not found.fetchable:
        return FAILED
    if not mending:
        say(f"To do that: main.py worlds verify {world.id} --mend")
        return FAILED
    done = mend(found, settings, None, telling, lambda: token.cancelled)
    line.end()
    print(f"{done.name} is whole again.")
    return OK


def _verify_starter(starter: Offer) -> int:
    """It comes with the studio, and its checksums with it."""
    from core.machine.doctor import STARTER, check_starter

    found = check_starter(STARTER)
    print(f"{starter.name}: {found.detail}")
    if found.remedy:
        say(found.remedy)
    return OK if found.status == "ok" else FAILED


def _remove(id: str, settings: ModelSettings) -> int:
    from core.models.download import discard
    from core.models.places import find_partly
    from core.models.removal import remove

    one, there = offer(id), find_partly(id, settings)
    if one is not None and one.embedded:
        raise Trouble(f"{one.name} comes with the studio and stays.", True)
    if one is not None and there is not None:
        discard(one, settings)
        say(f"What was fetched of {one.name} is gone: {size(there.done)} freed.")
        return OK
    done = remove(id, settings)
    say(f"{id} is gone: {size(done.freed)} freed." if done.freed else f"{id} is gone.")
    if done.left is not None:
        say(f"{done.left} stays, because there are files of yours in it.")
    return OK


def _token(forget: bool, settings: ModelSettings) -> int:
    from core.models.token import forget_token, host_of, keyring_problem, save_token

    endpoint = settings.endpoint
    if forget:
        forget_token(endpoint)
        say(f"There is no token for {host_of(endpoint)} any more.")
        return OK
    problem = keyring_problem()
    if problem:
        raise ModelError(
            f"{problem} A token would be lost when this command ends.",
            "Set HF_TOKEN for the command that fetches, or give it in the window.",
        )
    if sys.stdin.isatty():
        given = getpass.getpass(f"Access token for {host_of(endpoint)} (it is not shown): ")
    else:
        given = sys.stdin.readline()
    if save_token(endpoint, given) != "keyring":
        raise ModelError("The keyring of this system did not take the token.", "Unlock it first.")
    say(f"The token for {host_of(endpoint)} is in this system's keyring.")
    return OK
