from loadtests.run.sampler import read_metrics

TEXT = """# HELP steadychat_tasks Tasks of the event loop.
# TYPE steadychat_tasks gauge
steadychat_tasks 42.0
process_resident_memory_bytes 1.5e+08
process_open_fds 29.0
python_gc_collections_total{generation="0"} 12.0
steadychat_event_loop_blocked_seconds_total 0.0
"""


def test_the_figures_that_are_kept_get_names_of_their_own() -> None:
    assert read_metrics(TEXT) == {
        "tasks": 42,
        "memory_bytes": 150_000_000,
        "descriptors": 29,
        "blocked_s": 0,
    }
