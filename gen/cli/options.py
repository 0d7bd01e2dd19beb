"""The command line: which commands and options there are, and what a user has given."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import re
from collections.abc import Iterator, Sequence
from typing import NoReturn

from gen import __version__
from gen.draw.formats import FLAVOURS, FORMATS
from gen.draw.options import WIDTH, DrawOptions
from gen.errors import FieldError, GenError
from gen.model.design import default_design, design_names
from gen.model.feature import features, find_features
from gen.model.property import compared, properties
from gen.model.zone import GRAINS, Zone, option, parse_migratetypes
from gen.prove.obligations import OBLIGATIONS

#: The shells that `gen --print-completion` writes for.
SHELLS = ("bash", "zsh", "tcsh")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GenError(message)


def _number(text: str) -> int:
    # int() takes 1_0 and digits of other scripts too; thirty digits are more than anyone means.
    if re.fullmatch(r"[+-]?[0-9]{1,30}", text, re.ASCII) is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number")
    return int(text)


def _columns(text: str) -> int:
    columns = _number(text)
    if not 50 <= columns <= 1000:  # a call, nested a little, needs some room
        raise argparse.ArgumentTypeError(f"{columns}: 50 to 1000 fit")
    return columns


def _depth(text: str) -> str:
    if text not in ("calls", "all") and not re.fullmatch(r"[1-9][0-9]?", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"'{text}': calls, all, or 1 to 99 fit")
    return text


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds") from None


def _add_zone(parser: argparse.ArgumentParser) -> None:
    default = Zone()
    group = parser.add_argument_group("zone")
    group.add_argument(
        "--pageblocks", type=_number, metavar="N",
        help="pageblocks in the zone, a whole number of largest-order chunks "
        "(default: 4, or one such chunk if that is more)",
    )  # fmt: skip
    group.add_argument(
        "--order", type=_number, default=default.max_order, metavar="X",
        help="the largest order, inclusive: MAX_PAGE_ORDER (default: 10)",
    )  # fmt: skip
    group.add_argument(
        "--pageblock-order", type=_number, default=default.pageblock_order, metavar="P",
        help="pageblock_order (default: 9, x86-64)",
    )  # fmt: skip
    group.add_argument(
        "--min-order", type=_number, default=None, metavar="M",
        help="the resolution: orders below M are not told apart "
        "(default: P, one unit per pageblock)",
    )  # fmt: skip
    group.add_argument(
        "--isolators", type=_number, default=default.isolators, metavar="N",
        help="callers of start_isolate_page_range() at a time: 0, 1 or 2 (default: 1)",
    )  # fmt: skip
    group.add_argument(
        "--migratetypes", default="movable,unmovable", metavar="T,T",
        help="the types that callers allocate (default: movable,unmovable)",
    )  # fmt: skip
    group.add_argument(
        "--alloc-order", type=_number, default=None, metavar="A",
        help="the largest order that callers allocate (default: X)",
    )  # fmt: skip
    group.add_argument(
        "--with", default="", dest="features", metavar="NAME,...",
        help="model more: " + "; ".join(f"{name}: {what}" for name, what in features().items()),
    )  # fmt: skip
    group.add_argument(
        "--huge-order", type=_number, default=None, metavar="H",
        help="the order of a huge page, with --with pcp: larger than P if PAGE_BLOCK_MAX_ORDER "
        "is lowered (default: P)",
    )  # fmt: skip
    group.add_argument(
        "--zone-start", type=_number, default=None, metavar="PFN",
        help="the zone's first pfn, in its first largest-order chunk (default: 0)",
    )  # fmt: skip
    group.add_argument(
        "--zone-end", type=_number, default=None, metavar="PFN",
        help="the pfn after the zone's last, in its last largest-order chunk (default: that "
        "chunk's end)",
    )  # fmt: skip
    group.add_argument(
        "--whole-zone", action="store_true",
        help="model all pageblocks at once, not one largest-order chunk with the rest left open",
    )  # fmt: skip


def _add_question(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--design", default=default_design(), metavar="NAME",
        help=f"a kernel version or a proposed patch: {', '.join(design_names())}, "
        "or the path of a design file, *.toml, or of a folder with one, FOLDER/ "
        f"(default: {default_design()})",
    )  # fmt: skip
    parser.add_argument(
        "--grain", choices=GRAINS, default=Zone.grain,
        help="what one step of the model is: a hold of zone->lock (fused), or each call in it, "
        "with two CPUs that contend (step: slow; for small zones) (default: fused)",
    )  # fmt: skip
    parser.add_argument(
        "--liveness", action="store_true",
        help="the liveness properties too: does every call return?",
    )  # fmt: skip
    parser.add_argument(
        "--property", action="append", default=[], metavar="NAME",
        help=f"only this one; may be given again; one of {', '.join(properties())}, or all "
        "(default: what every design is asked; see gen properties)",
    )  # fmt: skip


def _add_toolchain(parser: argparse.ArgumentParser) -> None:
    tools = parser.add_argument_group("TLC")
    tools.add_argument(
        "--jar", metavar="FILE", help="tla2tools.jar (default: $TLA2TOOLS_JAR, or the bundled one)"
    )
    tools.add_argument(
        "--java", metavar="FILE", help="java (default: $JAVA_HOME/bin/java, or the bundled one)"
    )


def _add_drawing(
    parser: argparse.ArgumentParser, columns: int = WIDTH, *, strip: bool = True
) -> None:
    default = DrawOptions()
    group = parser.add_argument_group("drawing")
    group.add_argument(
        "--columns", type=_columns, default=columns, metavar="N",
        help=f"the longest line (default: {columns}; mail and commit messages should have 75)",
    )  # fmt: skip
    group.add_argument(
        "--depth", type=_depth, default=default.depth, metavar="calls|all|N",
        help="the calls that matter, every call, or those that matter and are nested to at "
        "most N levels (default: calls)",
    )  # fmt: skip
    group.add_argument(
        "--state", choices=["none", "changed", "all"], default=default.state,
        help="after each step: nothing, what has changed of types and blocks, or all of them "
        "(default: none)",
    )  # fmt: skip
    group.add_argument(
        "--no-continuation", action="store_true",
        help="end the drawing at the violation: do not show how the open calls run on",
    )  # fmt: skip
    if strip:
        group.add_argument(
            "--strip", action="store_true",
            help="below the drawing: pageblocks and buddies after every step",
        )  # fmt: skip


def drawing(args: argparse.Namespace) -> DrawOptions:
    """What the options say of the drawing."""
    return DrawOptions(
        columns=args.columns,
        depth=args.depth,
        state=args.state,
        continuation=not args.no_continuation,
    )


def _add_limits(parser: argparse.ArgumentParser, timeout: str, heap: str) -> None:
    parser.add_argument(
        "--workers", type=_number, default=1, metavar="N", help="TLC's threads (default: 1)"
    )
    parser.add_argument(
        "--heap", metavar="SIZE", help=f"Java's heap, such as 512m or 2g (default: {heap})"
    )
    parser.add_argument("--timeout", type=_seconds, metavar="S", help=timeout)


def _scheduler(text: str) -> str:
    # inproc:// and the like reach nobody else.
    if re.fullmatch(r"(tcp|tls)://[^\s/@]+:[0-9]{1,5}", text, re.ASCII) is None:
        raise argparse.ArgumentTypeError(f"'{text}': tcp://HOST:PORT or tls://HOST:PORT fits")
    return text


def _add_scheduler(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scheduler", type=_scheduler, metavar="ADDRESS",
        help="run TLC at the workers of the Dask scheduler at tcp://HOST:PORT, as many runs at a "
        "time as they have threads; --timeout then counts the wait for a worker too "
        "(default: on this machine; needs pageblock-gen[dask])",
    )  # fmt: skip


def parse(argv: Sequence[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """The command line, read; GenError says what is wrong with it and what is meant perhaps."""
    parser, commands = parsers()
    args, unknown = parser.parse_known_args(argv)
    if not unknown:
        return parser, args
    word = unknown[0].partition("=")[0]
    if not word.startswith("-"):
        raise GenError(f"unexpected argument '{word}'")
    known = re.findall(r"--[a-z-]+", commands[args.command].format_help() if args.command else "")
    near = difflib.get_close_matches(word, known, n=1)
    of = f"'gen {args.command} --help'" if args.command else "'gen --help'"
    hint = f"did you mean '{near[0]}'?" if near else f"{of} lists what there is"
    raise GenError(f"unknown option '{word}': {hint}")


def parsers() -> tuple[_Parser, dict[str, _Parser]]:
    """The parser of the command line, and that of each command."""
    # No abbreviations: what a script abbreviates today may be ambiguous tomorrow.
    parser = _Parser(
        prog="gen",
        description="Model checks Linux page isolation against the page allocator, "
        "and draws the races it finds.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pageblock-gen {__version__}")
    parser.add_argument(
        "--print-completion", choices=SHELLS,
        help="print what this shell has to read to complete commands, options and names "
        "(needs pageblock-gen[completion])",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    run = commands.add_parser(
        "check", help="search a design for violations, and draw them", allow_abbrev=False
    )
    _add_zone(run)
    _add_question(run)
    _add_toolchain(run)
    _add_limits(run, "give up on a design after S seconds", "a quarter of the memory, up to 4g")
    run.add_argument(
        "--against", metavar="BASE",
        help="check this design too, in the same zone, and draw only what it does not violate, or "
        "not so; exit code 12 only for that: what both violate, and what is mended, is listed",
    )  # fmt: skip
    run.add_argument("--run-dir", metavar="DIR", help="keep the run's files here; empty or new")
    run.add_argument("--junit", metavar="FILE", help="write the verdicts as JUnit XML, for CI")
    run.add_argument("--sarif", metavar="FILE", help="write the verdicts as SARIF 2.1.0, for CI")
    run.add_argument(
        "--all-shortest", action="store_true",
        help="count the shortest counterexamples, and draw the one with the fewest switches "
        "between CPUs, then the fewest pageblocks changed, however many states were searched "
        "(default: after a search of more than 20,000 states draw the one that TLC finds first)",
    )  # fmt: skip
    run.add_argument(
        "--flavour", choices=FLAVOURS, default=FLAVOURS[0],
        help="the drawing for a mail, a commit message, a C comment, or in one column "
        "(default: lkml)",
    )  # fmt: skip
    _add_drawing(run)
    run.add_argument(
        "-n", "--dry-run", action="store_true", help="print TLC's command line, do not run it"
    )
    run.add_argument(
        "--assumptions", action="store_true",
        help="print what a verdict would rest on, a line each; do not search",
    )  # fmt: skip

    table = commands.add_parser(
        "matrix",
        help="check every design, and make the table of verdicts",
        description="Checks designs x properties, prints the table of verdicts, and writes it as "
        "Markdown, JSON and HTML, with the trace of each violation in every format. Exit code: 0 "
        "if every cell has a verdict (a violation is one), 3 if any has none, 130 after Ctrl-C.",
        allow_abbrev=False,
    )
    _add_zone(table)
    table.add_argument(
        "--designs", metavar="NAME,...",
        help="kernel versions, patches, or paths of design files; all: the historic variants too "
        "(default: all that come with the tool but the historic variants; see gen designs)",
    )  # fmt: skip
    table.add_argument(
        "--properties", metavar="NAME,...",
        help="these only; all: every one there is "
        "(default: what every design is asked; see gen properties)",
    )  # fmt: skip
    _add_toolchain(table)
    _add_limits(
        table, "give up on a design after S seconds", "half of the memory, shared by all JVMs"
    )
    _add_scheduler(table)
    table.add_argument(
        "--output", default="matrix", metavar="DIR",
        help="where the table goes: a new directory, or one that holds an earlier table, "
        "which is replaced (default: matrix)",
    )  # fmt: skip
    table.add_argument(
        "--png", action="store_true",
        help="the pictures as PNG too, which takes a second for each violation",
    )  # fmt: skip
    table.add_argument(
        "--no-cache", action="store_true",
        help="run TLC for every cell: neither use nor keep results. Without it, what TLC said "
        "of the same module, cfg, jar and options is taken from pageblock-gen/tlc in "
        "$XDG_CACHE_HOME or ~/.cache, which may be deleted at any time",
    )  # fmt: skip

    saved = commands.add_parser(
        "show",
        help="draw a saved trace again, without TLC",
        description="PATH: a trace.json, or a directory with one. "
        + " ".join(f"{name}: {made.what}." for name, made in FORMATS.items()),
        allow_abbrev=False,
    )
    saved.add_argument("path", metavar="PATH", help="a trace.json, or a directory with one")
    saved.add_argument(
        "--format", choices=[*FORMATS], default=FLAVOURS[0], help="(default: lkml)"
    )  # fmt: skip
    saved.add_argument("-o", "--output", metavar="FILE", help="write it there, not to stdout")
    _add_drawing(saved)

    two = commands.add_parser(
        "diff",
        help="set two saved traces side by side, and say where they part",
        description="Exit code: 0 if the two are the same step by step, 1 if not, 2 on trouble.",
        allow_abbrev=False,
    )
    for name in ("left", "right"):
        two.add_argument(name, metavar="PATH", help="a trace.json, or a directory with one")
    _add_drawing(two, columns=150, strip=False)

    again = commands.add_parser(
        "replay",
        help="run TLC once more on exactly a saved trace",
        description="Exit code: 0 if TLC confirms the trace, with every call as it was saved; "
        "3 if it does not, or an edited trace is refused.",
        allow_abbrev=False,
    )
    again.add_argument("path", metavar="PATH", help="a trace.json, or a directory with one")
    again.add_argument(
        "--design", metavar="NAME", help="a name or a *.toml (default: the design in the trace)"
    )
    _add_toolchain(again)
    _add_limits(again, "give up after S seconds", "a quarter of the memory, up to 4g")
    again.add_argument("--run-dir", metavar="DIR", help="keep the run's files here; empty or new")

    pair = commands.add_parser(
        "compare",
        help="two designs side by side: what one fixes, and what it costs",
        description="Checks two designs, prints their verdicts side by side, and draws a call "
        "that succeeds in one and fails in the other, in both. Exit code: 0 if every property "
        "has a verdict, 3 if not.",
        allow_abbrev=False,
    )
    pair.add_argument("designs", nargs=2, metavar="DESIGN", help="a name, or the path of a file")
    _add_zone(pair)
    pair.add_argument(
        "--properties", metavar="NAME,...",
        help="these only; all: every one there is (default: what every design is asked, "
        f"and {', '.join(compared())})",
    )  # fmt: skip
    _add_toolchain(pair)
    _add_limits(pair, "give up on a design after S seconds", "a quarter of the memory, up to 4g")
    pair.add_argument("--run-dir", metavar="DIR", help="keep the runs' files here; empty or new")

    proof = commands.add_parser(
        "prove",
        help="prove a design for any number of CPUs and any zone size",
        description="Meets these obligations: "
        + "; ".join(f"{name}: {what}" for name, what in OBLIGATIONS.items())
        + ". Writes a certificate, as JSON and Markdown. Exit code: 0 if every property is proved, "
        "12 if one is violated, 3 if one is neither.",
        allow_abbrev=False,
    )
    _add_zone(proof)
    proof.add_argument(
        "--design", default=None, metavar="NAME",
        help=f"one of {', '.join(design_names())}, or the path of a design file, *.toml",
    )  # fmt: skip
    proof.add_argument(
        "--property", action="append", default=[], metavar="NAME",
        help="only this one; may be given again; all: every safety property "
        "(default: every safety property)",
    )  # fmt: skip
    proof.add_argument(
        "--obligations", metavar="NAME,...", default=",".join(OBLIGATIONS),
        help="meet these only; what rests on another one is not called proved (default: all)",
    )  # fmt: skip
    proof.add_argument(
        "--recheck", metavar="FILE",
        help="prove once more what a certificate (certificate.json) says, with TLC for every run, "
        "and compare",
    )  # fmt: skip
    proof.add_argument(
        "--output", default=None, metavar="DIR",
        help="where certificate and drawings go: a new or empty directory "
        "(default: the run directory)",
    )  # fmt: skip
    proof.add_argument(
        "--no-cache",
        action="store_true",
        help="what it does anyway: TLC is run for everything, whatever is known",
    )
    _add_toolchain(proof)
    _add_limits(proof, "give up on a run after S seconds", "a quarter of the memory, up to 4g")
    _add_scheduler(proof)

    show = commands.add_parser(
        "render", help="print the TLA+ module and its .cfg", allow_abbrev=False
    )
    _add_zone(show)
    _add_question(show)
    show.add_argument("--cfg", action="store_true", help="print the .cfg alone")
    show.add_argument("--tla", action="store_true", help="print the module alone")
    show.add_argument(
        "--against", metavar="NAME",
        help="print what differs from another design's module, definition by definition, as diff "
        "-u does; exit code 1 if anything does",
    )  # fmt: skip

    start = commands.add_parser(
        "new-design",
        help="write the start of a design of your own: a patch on top of a kernel version",
        description="Writes NAME.toml, a design file with comments that say what to fill in. "
        "Nothing is overwritten.",
        allow_abbrev=False,
    )
    start.add_argument("name", metavar="NAME", help="what it is called; NAME.toml is the file")
    start.add_argument(
        "--base", required=True, metavar="NAME",
        help="the design that it changes: a name that gen designs lists, or a *.toml",
    )  # fmt: skip

    commands.add_parser("designs", help="the designs, a line each", allow_abbrev=False)
    commands.add_parser("properties", help="the properties, a line each", allow_abbrev=False)

    doctor = commands.add_parser(
        "doctor", help="say what is used, and what is wrong with it", allow_abbrev=False
    )
    _add_toolchain(doctor)

    clean = commands.add_parser(
        "clean",
        help="remove the files of old runs",
        description="Removes directories of runs below pageblock-gen/runs in $XDG_CACHE_HOME or "
        "~/.cache, and says how many and how much. No link is followed, and nothing else is "
        "touched.",
        allow_abbrev=False,
    )
    clean.add_argument(
        "--older-than", type=_number, default=7, metavar="DAYS",
        help="those in which nothing was written for so many days; 1 or more (default: 7)",
    )  # fmt: skip
    clean.add_argument(
        "--cache", action="store_true",
        help="what TLC has said too, pageblock-gen/tlc, if it was kept so many days ago",
    )  # fmt: skip

    renew = commands.add_parser(
        "gallery", help="make the counterexamples/ again", allow_abbrev=False
    )
    _add_toolchain(renew)
    renew.add_argument(
        "directory", nargs="?", default="counterexamples", metavar="DIR", help="where they go"
    )
    return parser, commands.choices


def names(text: str | None, option: str) -> list[str]:
    """The names of a list with commas, none if there is no list; GenError if one is empty."""
    if text is None:
        return []
    found = [name.strip() for name in text.split(",")]
    if "" in found:
        raise GenError(f"{option} '{text}': an empty name; NAME,NAME fits")
    return found


@contextlib.contextmanager
def named_by_options() -> Iterator[None]:
    """What is wrong with a zone is said in the words of the command line, not of a file."""
    try:
        yield
    except FieldError as e:
        raise GenError(f"{option(e.field)} {e.value}: {e.fits(option)}") from None


def zone(args: argparse.Namespace) -> Zone:
    """The zone that the options describe; GenError if there is none."""
    # Without --min-order the resolution follows the pageblock; 0 and 1 page per pageblock
    # would be told from nothing, so a wrong --pageblock-order is reported first.
    min_order = args.pageblock_order if args.min_order is None else args.min_order
    pageblocks = args.pageblocks
    if pageblocks is None:
        pageblocks = max(Zone.pageblocks, 2 ** min(max(args.order - args.pageblock_order, 0), 20))
    with named_by_options():
        return Zone(
            pageblocks=pageblocks,
            max_order=args.order,
            pageblock_order=args.pageblock_order,
            min_order=min_order,
            isolators=args.isolators,
            migratetypes=parse_migratetypes(args.migratetypes),
            alloc_order=args.alloc_order,
            whole=args.whole_zone,
            features=find_features(names(args.features or None, "--with")),
            grain=getattr(args, "grain", Zone.grain),
            start=args.zone_start,
            end=args.zone_end,
            huge_order=args.huge_order,
        )
