"""`cistern schema`: what the lines are that each command prints with `--json`, as JSON Schema."""

from typing import Any, Final

import click
import msgspec

from cache.inspection import EntryRow, FailureRow
from cache.top import TopFrame
from internal_zones import AppRow, ChangeRow, FaultRow, FileReport, MachineRow, StateStatus
from resolver.cli.dig_text import ReplyJson
from resolver.cli.doctor import Finding
from resolver.cli.json_rows import SCHEMA, ErrorRow
from resolver.cli.snapshot import Exported
from resolver.cli.top_frame import Frame
from resolver.observe.trace import TraceRow
from resolver.options import Difference
from resolver.policy.explain import LinkRow, VerdictRow
from resolver.policy.server_rows import ServerRow
from resolver.service.control_protocol import AcceptedRow, FlushRow, LogRow, NameRow, ReloadRow, StatRow
from resolver.service.snapshot_protocol import ImportRow
from resolver.service.trust_protocol import AnchorRow, ChainRow, ExemptionRow, LookRow

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
REFERENCE: Final = "#/$defs/{name}"

LINES: Final[dict[str, tuple[type, ...]]] = {  # command -> what one line of it is
    "cache export": (Exported,),
    "cache flush": (FlushRow,),
    "cache import": (ImportRow,),
    "cache list": (EntryRow, FailureRow),
    "cache show": (EntryRow,),
    "cache top": (TopFrame,),
    "config diff": (Difference,),
    "doctor": (Finding,),
    "explain": (TraceRow, LinkRow, VerdictRow, ChainRow),
    "log": (LogRow,),
    "log level": (LogRow,),
    "log queries": (LogRow,),
    "query": (ReplyJson,),
    "reload": (ReloadRow,),
    "servers": (ServerRow,),
    "state accept": (AcceptedRow,),
    "state apps": (AppRow,),
    "state check": (FileReport,),
    "state faults": (FaultRow,),
    "state machines": (MachineRow,),
    "state names": (NameRow,),
    "state status": (StateStatus,),
    "state watch": (ChangeRow,),
    "stats": (StatRow,),
    "top": (Frame,),
    "trust enforce": (ExemptionRow,),
    "trust exempt": (ExemptionRow,),
    "trust list": (AnchorRow, ExemptionRow),
    "trust refresh": (LookRow,),
}
ERROR: Final = "error"  # the line on the standard error stream, of any of them


@click.command("schema")
@click.argument("command_words", metavar="[COMMAND]", nargs=-1)
def command(command_words: tuple[str, ...]) -> None:
    """Print the JSON Schema of the lines that COMMAND prints with --json; without COMMAND, of all.

    `cistern schema error` is that of what goes to the standard error stream when a command fails.
    """
    name = " ".join(command_words)
    if name and name not in (*LINES, ERROR):
        raise click.UsageError(f"{name!r} prints no JSON; these do: {', '.join((*LINES, ERROR))}")
    schemas = schema_of(name) if name else {one: schema_of(one) for one in (*LINES, ERROR)}
    click.echo(msgspec.json.format(msgspec.json.encode(schemas), indent=2))


def schema_of(name: str) -> dict[str, Any]:  # Any: a JSON Schema
    """The schema of one line of a command, or of an error."""
    kinds = (ErrorRow,) if name == ERROR else LINES[name]
    made, definitions = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    for one in made:
        said = definitions[one["$ref"].rpartition("/")[2]]
        said["properties"] = {"schema": {"const": SCHEMA}} | said["properties"]
        said["required"] = ["schema", *said["required"]]
    lines = made[0] if len(made) == 1 else {"anyOf": list(made)}
    return {"$schema": DIALECT, "title": f"a line of `cistern {name} --json`", **lines, "$defs": definitions}
