"""The promises hold in any story; HOTSWAP_STORIES=thorough tells many more of them."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.core.machine_model import MachineStories

EXAMPLES = {"default": 250, "thorough": 20_000}[os.environ.get("HOTSWAP_STORIES", "default")]

TestAnyStory = MachineStories.TestCase
TestAnyStory.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=40,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
