"""What operators see: the console and its "try it" page in a real browser, the metrics in a real Prometheus, and traces at a
collector: `run.py BINARIES [PHOTOS]`.

With a second argument, photographs of the pages are left in that folder.
"""

import contextlib
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Clients"))

import console_stories
import prometheus_stories
import trace_stories
import try_stories
from browser import Browser
from collector import Collector
from harbour import Harbour
from outcomes import exit_status, passes
from tab import Tab

SPEECH = pathlib.Path(__file__).parent.parent / "Clients" / "speech.wav"
# The microphone hears a recording, and nobody is asked for leave.
MICROPHONE = [
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={SPEECH}"]


def main(binaries, photos=None):
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-console-")))
        photos = pathlib.Path(photos) if photos else folder
        photos.mkdir(exist_ok=True)
        collector = stack.enter_context(Collector())
        harbour = stack.enter_context(
            Harbour(pathlib.Path(binaries).resolve(), folder, traces={"endpoint": collector.url}))
        quiet = [*trace_stories.stories(collector), *prometheus_stories.stories()]
        outcomes = [passes(*story, harbour, folder) for story in quiet]
        browser = stack.enter_context(Browser([], harbour.standin.certificate[0], MICROPHONE))
        tab = Tab(browser.new_tab())
        for name, story in [*console_stories.stories(), *try_stories.stories(SPEECH)]:
            outcomes.append(passes(name, story, harbour, tab, photos))
        tab.close()
    return exit_status(outcomes)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
