"""`txojobs completion [SHELL]`: the script that teaches a shell our commands, jobs and configurations."""

from __future__ import annotations

import os
from pathlib import PurePath

import click

from txojobs.cli.console import stdout

INSTALL = {
    "bash": '# Add to ~/.bashrc:  eval "$(txojobs completion bash)"',
    "zsh": '# Add to ~/.zshrc, after compinit:  eval "$(txojobs completion zsh)"',
    "fish": "# Run once:  txojobs completion fish > ~/.config/fish/completions/txojobs.fish",
}

_SPLIT = """\
    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD _TXOJOBS_COMPLETE=bash_complete $1)
"""
_WHOLE = """\
    local -a words=()
    local i last
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if ((i > 1)) && [[ ${COMP_WORDS[i]} == "=" || ${COMP_WORDS[i-1]} == "=" ]]; then
            words[${#words[@]}-1]+=${COMP_WORDS[i]}
        else
            words+=("${COMP_WORDS[i]}")
        fi
    done
    last=${words[${#words[@]}-1]}

    response=$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((${#words[@]} - 1)) _TXOJOBS_COMPLETE=bash_complete $1)
"""
"""bash splits words at `=` (COMP_WORDBREAKS; bash(1), Programmable Completion): `-p name=value` is one again."""
_END = """\
    if [[ $last != "${COMP_WORDS[COMP_CWORD]}" ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${last%"${last##*=}"}"}")
    fi

"""
"""Where it has split a word, it replaces what stands behind the `=` alone: what stands before it stays."""
_NO_SPACE = """\
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi

"""
"""In bash no space follows `-p name=`: its value does."""
_ADDED_BY_ZSH = "        compadd -U -V unsorted -a completions\n"
_NO_SPACE_IN_ZSH = """\
        local -a open=(${(M)completions:#*=}) whole=(${completions:#*=})
        if (( $#open )); then compadd -U -S '' -V unsorted -a open; fi
        if (( $#whole )); then compadd -U -V unsorted -a whole; fi
"""
"""As in bash: what ends with `=` is added without the space, `-S ''`; zshcompwid(1), compadd."""


@click.command(
    epilog="""\b
Examples:
  eval "$(txojobs completion bash)"
  eval "$(txojobs completion zsh)"
  txojobs completion fish > ~/.config/fish/completions/txojobs.fish
"""
)
@click.argument("shell", metavar="[SHELL]", required=False, type=click.Choice(list(INSTALL)))
@click.pass_context
def completion(ctx: click.Context, shell: str | None) -> None:
    """Print the completion script for bash, zsh or fish; for your own shell when you name none."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    name = shell or PurePath(os.environ.get("SHELL", "")).name
    found = get_completion_class(name) if name in INSTALL else None
    if found is None:
        raise click.UsageError(f"say for which shell: {', '.join(INSTALL)}", ctx)
    root = ctx.find_root()
    script = found(root.command, {}, "txojobs", "_TXOJOBS_COMPLETE").source()
    if name == "bash":
        script = script.replace(_SPLIT, _WHOLE, 1)
        script = script.replace("    return 0\n", f"{_END}{_NO_SPACE}    return 0\n", 1)
    if name == "fish":  # a description may hold commas
        script = script.replace('string split ","', 'string split -m 1 ","', 1)
    if name == "zsh":
        script = script.replace(_ADDED_BY_ZSH, _NO_SPACE_IN_ZSH, 1)
    stdout().line(f"{INSTALL[name]}\n{script.strip()}")
