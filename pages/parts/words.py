"""Small words of English that many pages need."""


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 page", "2 pages", "1,204 pages", "0 boxes".

    Args:
        count: how many.
        one: the noun for one.
        many: the noun for any other number; empty where an "s" makes it.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
