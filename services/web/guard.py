"""What the read-only endpoint refuses before the engine sees it.

The engine's own `readonly` refuses writing, settings and every table function that reads outside. It lets through the
scalar function ``file``, INTO OUTFILE, several statements in one text, and KILL; those are refused here, and the table
functions once more, but for the few that make rows of their arguments.
"""

import re

from services.errors import Rejected

_READING = {"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN"}
# Table functions that make their rows of nothing but their arguments; every other one that the engine has is refused,
# so that one which a later engine brings is too.
_HARMLESS = frozenset(
    {
        "format", "generate_series", "generateseries", "null", "numbers", "numbers_mt", "primes", "sqlstandardvalues",
        "values", "zeros", "zeros_mt"
    }
)  # fmt: skip
# Those of the engines that we know, should one not say which it has.
_REACHING_OUT = frozenset(
    {
        "arrowflight", "arrowstream", "azureblobstorage", "azureblobstoragecluster", "bigquery", "cluster",
        "clusterallreplicas", "cosn", "dictionary", "eval", "executable", "file", "filecluster", "filesystem", "gcs",
        "hdfs", "hdfscluster", "hudi", "input", "jdbc", "loop", "merge", "mongodb", "mysql", "odbc", "oss",
        "postgresql", "prometheusquery", "prometheusqueryrange", "python", "redis", "remote", "remotesecure", "s3",
        "s3cluster", "sqlite", "url", "urlcluster", "ytsaurus"
    }
)  # fmt: skip
_REACHING_PREFIXES = ("s3", "azureblobstorage", "iceberg", "deltalake", "hudi", "paimon", "mergetree", "timeseries")
# Functions of rows, which `arrayMap` and `APPLY` take by their bare names: they read files, reach a network, or wait.
_NEVER_NAMED = frozenset(
    {
        "file", "sleep", "sleepeachrow", "catboostevaluate", "aiclassify", "aiembed", "aiextract", "aifilter",
        "aigenerate", "airedact", "aisimilarity", "aitranslate", "addresstoline", "addresstolinewithinlines",
        "addresstosymbol", "getclienthttpheader"
    }
)  # fmt: skip
# What is not about the data: other people's queries, and the machine.
_HIDDEN = frozenset(
    {
        "asynchronous_inserts", "backups", "certificates", "disks", "fail_points", "named_collections", "processes",
        "query_log", "remote_data_paths", "server_settings", "session_query_ids", "stack_trace", "storage_policies",
        "symbols", "text_log", "trace_log", "user_processes", "user_query_log", "users"
    }
)  # fmt: skip
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


def check(query: str, table_functions: frozenset[str] = frozenset()) -> None:
    """Raises Rejected if `query` is not one statement that only reads, from the engine's own tables.

    `table_functions` are those of the engine, in small letters; of them the harmless ones are answered.
    """
    reaching = (_REACHING_OUT | table_functions) - _HARMLESS
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
    if "PROCESSLIST" in upper:
        raise Rejected("What others ask is not shown here.")
    around = zip([("", ""), *tokens], tokens, [*tokens[1:], ("", "")], strict=False)
    for (_, before), (kind, text), (_, following) in around:
        if kind not in ("word", "quoted"):
            continue
        name = text.strip('`"').lower()
        if kind == "quoted" and "\\" in name:
            raise Rejected("Names with a backslash are not answered here.")
        if before == ":" and name == "identifier":
            raise Rejected("Parameters that stand for a name are not answered here.")
        called = following == "(" and (name in reaching or name.startswith(_REACHING_PREFIXES))
        if called or (name in _NEVER_NAMED and before.upper() != "AS"):
            raise Rejected(f"The function {name} is not allowed here.")
        if before == "." and name in _HIDDEN:
            raise Rejected(f"The table {name} is not shown here.")
