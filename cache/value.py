"""What is a value here? Something that is its parts: equal to another of its class with the same ones, and never changed.

Plain classes with declared attributes, so that they compile to native objects whose attributes are read like a C struct's.
`Final` attributes are what mypy, and the compiled class itself, hold nobody to change.
"""

from mypy_extensions import mypyc_attr


@mypyc_attr(acyclic=True)
class Value:
    """What each value class has in common. acyclic: compiled, none of them has a place in the garbage collector.

    free_list_len, of those that each miss makes and drops: compiled, the memory of the last one is there for the next.
    """

    __slots__ = ()

    def parts(self) -> tuple[object, ...]:
        """All that it is made of, in the order of its constructor."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Value) and self.parts() == other.parts()

    def __hash__(self) -> int:
        return hash(self.parts())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts()))})"
