"""What a story says when something is not as promised."""


def expect(condition, otherwise):
    if not condition:
        raise AssertionError(otherwise)


def expect_equal(found, wanted, what):
    expect(found == wanted, f"{what}: {found!r} instead of {wanted!r}")
