"""The promises hold in any story; HOTSWAP_STORIES=thorough tells twenty times as many of them."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

from tests.core.machine_model import MachineStories

PROFILES = {
    "default": settings(max_examples=250),
    "thorough": settings(max_examples=5_000),
    "unshrunk": settings(max_examples=250, database=None, phases=(Phase.explicit, Phase.generate)),
}
"""Unshrunk is for seeded faults: that a story fails is all that counts, and the shortest one takes minutes to find."""

TestAnyStory = MachineStories.TestCase
TestAnyStory.settings = settings(
    PROFILES[os.environ.get("HOTSWAP_STORIES", "default")],
    stateful_step_count=40,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
