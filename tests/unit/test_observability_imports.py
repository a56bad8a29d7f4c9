"""What the observability packages cost an event that does not concern them: imports."""

import subprocess
import sys

PACKAGES = {"prometheus_scrape", "grafana_dashboard", "loki_push_api"}


def test_the_models_of_databags_are_imported_only_where_they_are_used() -> None:
    """In a process of its own: this one has imported it all."""
    code = f"import sys, {', '.join(PACKAGES)}; print('\\n'.join(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    imported = set(done.stdout.split())
    assert imported >= PACKAGES
    assert "alert_rules" not in imported
    assert not {name for name in imported if name.endswith(("._bags", "._exchange"))}
