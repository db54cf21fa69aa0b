"""Stories that are told one after the other, and what comes of them."""

import time
import traceback


def passes(name, story, *arguments):
    """Tells one story and prints how it ended; whatever goes wrong ends it alone."""
    started = time.monotonic()
    try:
        story(*arguments)
    except AssertionError as failure:
        return report("FAILED", name, started, str(failure))
    except Exception:
        return report("FAILED", name, started, traceback.format_exc())
    return report("passed", name, started)


def report(word, name, started, detail=""):
    print(f"{word}  {name} ({time.monotonic() - started:.1f} s)", flush=True)
    if detail:
        print("        " + detail.strip().replace("\n", "\n        "), flush=True)
    return word == "passed"


def exit_status(outcomes):
    """Prints how many stories passed; 0 when all did."""
    print(f"{sum(outcomes)} passed, {len(outcomes) - sum(outcomes)} failed")
    return 0 if all(outcomes) else 1
