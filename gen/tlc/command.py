"""TLC's command line, and the files of a run."""

from __future__ import annotations

from pathlib import Path

from gen.errors import GenError
from gen.tlc.options import TlcOptions, check_heap, default_heap
from gen.tlc.toolchain import Toolchain

LOG = "tlc.out"

ERRORS = "tlc.err"

META = "meta"

TMP = "tmp"


def command_line(
    toolchain: Toolchain,
    run_dir: Path,
    module: str,
    options: TlcOptions,
    *,
    check_deadlock: bool = False,
    dump: str | None = None,
    coverage: bool = False,
    liveness: bool = False,
) -> list[str]:
    """The argv that checks ``<module>.tla`` with ``<module>.cfg``, both in ``run_dir``.

    ``dump``: bare name of a file in ``run_dir`` for the state graph (dot). GenError if a path
    cannot be handed to Java.
    """
    run_dir = run_dir.absolute()
    for path in (toolchain.jar, run_dir):
        try:
            str(path).encode("utf-8")
        except UnicodeEncodeError:
            raise GenError(f"{str(path)!r}: not UTF-8, Java cannot open it; rename it") from None
    # The serial collector starts fastest and was no slower over minutes, on these models.
    # The first compiler alone is quicker for runs of a few seconds, slower for long ones.
    flags = ["-XX:+UseSerialGC", *toolchain.flags]
    if options.profile == "short":
        flags.append("-XX:TieredStopAtLevel=1")
    argv = [
        str(toolchain.java),
        *flags,
        f"-Xmx{check_heap(options.heap or default_heap())}",
        # Without it a full heap looks like an error in the spec.
        "-XX:+ExitOnOutOfMemoryError",
        # TLC unpacks its modules there; two runs that share it break each other.
        f"-Djava.io.tmpdir={run_dir / TMP}",
        # Numbers in the output follow the locale.
        "-Duser.language=en",
        "-Duser.country=US",
        # Bytes in are bytes out, so the UTF-8 of a spec comes back as it was.
        "-Dfile.encoding=ISO-8859-1",
        "-Dstdout.encoding=ISO-8859-1",
        "-cp",
        str(toolchain.jar),
        "tlc2.TLC",
        "-tool",
        "-metadir",
        str(run_dir / META),
        "-workers",
        str(options.workers),
        "-fp",
        "0",
    ]
    if not check_deadlock:
        argv.append("-deadlock")  # TLC's option switches the check off
    if liveness:
        # In between it looks at what there is after a while, and so finds another loop each time.
        argv += ["-lncheck", "final"]
    if coverage:
        argv += ["-coverage", "1"]
    if dump is not None:
        argv += ["-dump", "dot,colorize,actionlabels", dump]
    # Bare names: -config with a path fails when the spec has a path too.
    return [*argv, "-config", f"{module}.cfg", f"{module}.tla"]
