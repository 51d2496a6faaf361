"""What the read-only endpoint refuses before the engine sees it.

The engine's own `readonly` refuses writing, settings and every table function that reads outside. It lets through the
scalar function ``file``, INTO OUTFILE, several statements in one text, and KILL; those are refused here, and the table
functions once more.
"""

import re

from services.errors import Rejected

_READING = {"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN"}
_REACHING_OUT = {
    "file",
    "filecluster",
    "filesystem",
    "url",
    "urlcluster",
    "remote",
    "remotesecure",
    "cluster",
    "clusterallreplicas",
    "input",
    "executable",
    "python",
    "mysql",
    "postgresql",
    "mongodb",
    "redis",
    "sqlite",
    "odbc",
    "jdbc",
    "gcs",
    "cosn",
    "oss",
    "hdfs",
    "hdfscluster",
    "ytsaurus",
    "arrowflight",
    "sleep",
    "sleepeachrow",
}
# Functions of rows, which `arrayMap` and `APPLY` take by their bare names.
_NEVER_NAMED = {"file", "sleep", "sleepeachrow"}
_REACHING_PREFIXES = ("s3", "azureblobstorage", "iceberg", "deltalake", "hudi", "paimon")
# Comments, strings and quoted names come first, so that nothing inside them is taken for code.
_TOKENS = re.compile(
    r"""(?P<comment>--[^\n]*|\#[!\x20][^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^'\\]|\\.|'')*')
      | (?P<quoted>`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")
      | (?P<heredoc>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<other>\S)""",
    re.VERBOSE | re.DOTALL,
)


def check(query: str) -> None:
    """Raises Rejected if `query` is not one statement that only reads, from the engine's own tables."""
    tokens = [
        (str(found.lastgroup if found.lastgroup != "tag" else "heredoc"), found[0])
        for found in _TOKENS.finditer(query)
        if found.lastgroup != "comment"
    ]
    while tokens and tokens[-1][1] == ";":
        tokens.pop()
    words = [text for kind, text in tokens if kind == "word"]
    first = next((text for _, text in tokens if text != "("), "")
    if first.upper() not in _READING:
        raise Rejected(f"Only queries are answered here, no {first.upper()[:20] or 'empty'} statement.")
    if any(text == ";" for _, text in tokens):
        raise Rejected("Only one statement at a time is answered here.")
    upper = [word.upper() for word in words]
    if any(pair in (("INTO", "OUTFILE"), ("FROM", "INFILE")) for pair in zip(upper, upper[1:], strict=False)):
        raise Rejected("Files can be neither written nor read here.")
    around = zip([("", ""), *tokens], tokens, [*tokens[1:], ("", "")], strict=False)
    for (_, before), (kind, text), (_, following) in around:
        if kind not in ("word", "quoted"):
            continue
        name = text.strip('`"').lower()
        if kind == "quoted" and "\\" in name:
            raise Rejected("Names with a backslash are not answered here.")
        if before == ":" and name == "identifier":
            raise Rejected("Parameters that stand for a name are not answered here.")
        called = following == "(" and _reaches_out(name)
        if called or (name in _NEVER_NAMED and before.upper() != "AS"):
            raise Rejected(f"The function {name} is not allowed here.")


def _reaches_out(function: str) -> bool:
    return function in _REACHING_OUT or function.startswith(_REACHING_PREFIXES)
