"""What people write who know another tool, and what it is called here: tables, asked for what is unknown."""

from __future__ import annotations

_SORT = "fetch takes order-by; `query: sort_by(@, &Field)` sorts what comes from elsewhere"
_LATER = "it comes in a later version"
VERBS = {
    **dict.fromkeys(
        ("read", "get", "source", "extract", "request", "download"),
        "use fetch for a service, load for a file",
    ),
    **dict.fromkeys(("write", "export", "output", "dump", "store", "to", "sink"), "did you mean 'save'?"),
    **dict.fromkeys(("import", "open"), "did you mean 'load'?"),
    **dict.fromkeys(("where", "if-row", "keep", "select-rows"), "did you mean 'filter'?"),
    **dict.fromkeys(
        ("select", "map", "columns", "mutate", "project"), "write transform with columns; fetch takes select"
    ),
    **dict.fromkeys(("rename", "add", "drop", "types", "cast", "convert"), "it is an option of transform"),
    **dict.fromkeys(("sort", "order", "order-by", "sort-by"), _SORT),
    **dict.fromkeys(
        ("limit", "head", "top", "take"),
        "fetch takes limit; `query: '[:100]'` cuts what comes from elsewhere",
    ),
    **dict.fromkeys(("explode", "flatten", "expand"), "did you mean 'unnest'?"),
    **dict.fromkeys(
        ("group", "group-by", "aggregate", "lookup", "join", "dedupe", "distinct", "expect"), _LATER
    ),
    **dict.fromkeys(("sql", "run", "notify", "send", "python", "script", "shell"), _LATER),
}
"""What other tools call a step."""

KEYS = {
    **dict.fromkeys(
        ("name", "title", "comment"), "id names a step for others, description says what it is for"
    ),
    **dict.fromkeys(("when", "condition", "only-if"), "did you mean 'if'?"),
    **dict.fromkeys(("needs", "depends-on", "input", "reads", "source"), "did you mean 'from'?"),
    **dict.fromkeys(("skip", "enabled", "active"), "did you mean 'disabled'?"),
    **dict.fromkeys(("continue-on-error", "ignore-errors", "allow-failure"), "write on-error: continue"),
    **dict.fromkeys(
        ("retry", "retries"), "retries stand in the configuration: script-behavior.retry-strategy"
    ),
    **dict.fromkeys(("with", "options", "params", "args"), "the options of a step stand below its verb"),
    **dict.fromkeys(
        ("uses", "type", "step", "action", "kind"), "the verb itself is the key: `- fetch: {...}`"
    ),
}
"""What other tools call the keys beside a verb."""

PARAM_OPTIONS = {
    **dict.fromkeys(("choices", "values", "allowed", "options", "one-of"), "did you mean 'enum'?"),
    **dict.fromkeys(("value", "initial"), "did you mean 'default'?"),
    **dict.fromkeys(("help", "label", "title", "doc"), "did you mean 'description'?"),
    **dict.fromkeys(("optional", "nullable", "mandatory"), "write required: false, or give it a default"),
    **dict.fromkeys(
        ("min", "max", "minimum", "maximum", "pattern", "regex"), "only enum limits the values of a param"
    ),
}
"""What other tools call the options of a param."""

RUN_FACTS = {
    **dict.fromkeys(("date", "day", "current-date"), "did you mean 'today'?"),
    **dict.fromkeys(("time", "timestamp", "datetime", "utcnow", "started"), "did you mean 'now'?"),
    **dict.fromkeys(("month", "this-month"), "did you mean 'month-start'?"),
    **dict.fromkeys(("last-month", "previous-month"), "did you mean 'previous-month-start'?"),
    **dict.fromkeys(("run-id", "guid", "uuid"), "did you mean 'id'?"),
}
"""What other tools call the facts of a run."""
