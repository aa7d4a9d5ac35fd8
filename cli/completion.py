"""`glanceback completion`: prints the completion script for a shell."""

import click
from click.shell_completion import get_completion_class


@click.command
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete commands, options and names.

    \b
    bash: source <(glanceback completion bash)
    zsh:  source <(glanceback completion zsh)
    fish: glanceback completion fish | source
    """
    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(context.find_root().command, {}, "glanceback", "_GLANCEBACK_COMPLETE").source())
