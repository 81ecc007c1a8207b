"""Options that take several values: repeated (`--grant a --grant b`) or in a row (`--grant a b`)."""

from __future__ import annotations

import click


class RepeatingCommand(click.Command):
    """A command whose `multiple` options may be followed by several values.

    In a row they are understood once the command has its arguments, so that an
    argument at the end is never taken for one more value.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Spell values in a row as repeated options, then parse."""
        return super().parse_args(ctx, self._spelled_out(args))

    def _spelled_out(self, args: list[str]) -> list[str]:
        missing = sum(isinstance(parameter, click.Argument) for parameter in self.params)
        options = {name: item for item in self.params if isinstance(item, click.Option) for name in item.opts}
        found: list[str] = []
        current: click.Option | None = None
        expects_value = False
        for arg in args:
            name, separator, _ = arg.partition("=")
            if not expects_value and arg.startswith("--") and name in options:
                current = options[name]
                expects_value = not current.is_flag and not separator
            elif expects_value:
                expects_value = False
            elif missing:
                missing -= 1
            elif current is not None and current.multiple and not arg.startswith("-"):
                found.append(current.opts[0])
            found.append(arg)
        return found
