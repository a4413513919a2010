"""The commands about tokens, with which people sign in to a server."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from aecore import access
from aecore.access import tokens
from aecore.access.person import ROLES, Role
from aecore.cli.as_json import print_json
from aecore.cli.console import print_message, table
from aecore.cli.options import Json
from aecore.errors import UserError, nearest

commands = typer.Typer()
tokens_app = typer.Typer(
    help="List, make and remove the tokens with which people sign in to a server.", invoke_without_command=True
)
commands.add_typer(tokens_app, name="tokens")
MEANS = {
    "look": "sees every page",
    "train": "also starts and manages runs of their own",
    "manage": "also changes every run and opens images by their path",
}


@tokens_app.callback()
def list_tokens(context: typer.Context, as_json: Json = False) -> None:
    """List the tokens; their texts are not kept."""
    if context.invoked_subcommand is not None:
        return
    known = tokens.read_access()
    found = known.tokens if known else ()
    if as_json:
        print_json([_public(token) for token in found])
        return
    table(
        ["token", "role", "person", "made"],
        [[token.id, token.role, token.name or "shared", token.created[:16].replace("T", " ")] for token in found],
    )
    if known is None:
        print_message("there are no tokens: whoever reaches the app may do everything, unless AECORE_DEMO is set")
    elif not found:
        print_message("there are no tokens left: nobody can sign in; delete access.json to do without tokens")


@tokens_app.command("new")
def new(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="look, train or manage.")],
    name: Annotated[str, typer.Option(help="The person's name; without one, several people share the token.")] = "",
    as_json: Json = False,
) -> None:
    """Make a token and print it, once. Whoever has it may sign in with that role."""
    access.check("making tokens", role="manage")
    text, token = tokens.new_token(_role(role), name)
    access.permit("making a token", role="manage", on=f"{token.id} {token.role} {token.name}".strip())
    if as_json:
        print_json({"text": text} | _public(token))
        return
    print(text)
    whose = f"{token.name} signs in with it" if token.name else "whoever has it signs in with it, and says their name"
    print_message(f"token {token.id}, role {role} ({MEANS[role]}): {whose}. It is not shown again.")


@tokens_app.command("remove")
def remove(token_id: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, from the list.")]) -> None:
    """Remove a token; whoever signed in with it is signed out at once."""
    access.permit("removing a token", role="manage", on=token_id)
    tokens.remove_token(token_id)
    print_message(f"token {token_id} no longer opens anything")


def _role(text: str) -> Role:
    for role in ROLES[1:]:
        if text.strip().lower() == role:
            return role
    raise UserError(f"there is no role '{text}': {nearest(text, ROLES[1:])}")


def _public(token: tokens.Token) -> dict[str, Any]:
    return {key: value for key, value in asdict(token).items() if key != "sha256"}
