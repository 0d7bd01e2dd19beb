"""``gen clean``: old runs are removed."""

from __future__ import annotations

import argparse

from gen.cli.console import complain, say
from gen.errors import ExitCode, GenError
from gen.run_dir import Cleaned, cache_home, remove_kept, remove_runs


def run(args: argparse.Namespace) -> ExitCode:
    if args.older_than < 1:
        raise GenError(f"--older-than {args.older_than}: 1 or more fits; a younger one may run")
    home = cache_home()
    if home is None:
        raise GenError("no HOME, or one that is no UTF-8: nothing is kept there")
    done = [remove_runs(home, args.older_than)]
    done += [remove_kept(home, args.older_than)] if args.cache else []
    for one in done:
        say(_line(one))
    failed = [f"{one.directory}/{what}" for one in done for what in one.failed]
    if failed:
        more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        complain(f"cannot be removed: {failed[0]}{more}")
    return ExitCode.NO_VERDICT if failed else ExitCode.OK


def _line(done: Cleaned) -> str:
    freed = f"{done.removed:,} removed, {done.size / 1e6:,.1f} MB"
    return f"{done.directory}: {freed}; {done.younger:,} younger"
