"""A small data pipeline: readings of four sensors in a house are cleaned, checked, summed up by day, and reported.

It reads data/readings.csv beside this file and writes below the temporary folder, one folder per run.
"""

from __future__ import annotations

import csv
import json
import statistics
import tempfile
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

from airflow.sdk import dag, get_current_context, task

READINGS = Path(__file__).parent / "data" / "readings.csv"
FIELDS = ["timestamp", "station", "temperature_c", "humidity_percent"]


def run_folder() -> Path:
    run_id = get_current_context()["dag_run"].run_id
    folder = Path(tempfile.gettempdir()) / "hanok-examples" / "house_climate" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dag(
    schedule="@daily",
    start_date=datetime(2026, 11, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=5)},
    tags=["example", "pipeline"],
    doc_md=__doc__,
)
def house_climate():
    @task
    def clean(source: str) -> dict:
        """Drops what cannot be read and what is there twice."""
        kept, dropped, seen = [], 0, set()
        with open(source, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                row = {name: (row[name] or "").strip() for name in FIELDS}
                key = (row["timestamp"], row["station"])
                try:
                    float(row["temperature_c"]), float(row["humidity_percent"])
                except ValueError:
                    dropped += 1
                    continue
                if key in seen:
                    dropped += 1
                    continue
                seen.add(key)
                kept.append(row)
        target = run_folder() / "clean.csv"
        with open(target, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(kept)
        print(f"kept {len(kept)} rows, dropped {dropped}")
        return {"path": str(target), "rows": len(kept), "dropped": dropped}

    @task
    def validate(cleaned: dict) -> dict:
        """Sets impossible values aside, and fails the run when there are too many of them."""
        good, outliers = [], []
        with open(cleaned["path"], newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                is_possible = -40 <= float(row["temperature_c"]) <= 60 and 0 <= float(row["humidity_percent"]) <= 100
                (good if is_possible else outliers).append(row)
        if not good or len(outliers) > 0.05 * len(good):
            total = len(good) + len(outliers)
            raise ValueError(f"{len(outliers)} of {total} readings are impossible; is a sensor broken?")
        target = run_folder() / "valid.csv"
        with open(target, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(good)
        return {"path": str(target), "rows": len(good), "outliers": len(outliers)}

    @task
    def aggregate(valid: dict) -> list[dict]:
        """Mean, lowest and highest temperature of each station and day."""
        groups = defaultdict(list)
        with open(valid["path"], newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                groups[row["station"], row["timestamp"][:10]].append(float(row["temperature_c"]))
        return [
            {
                "station": station,
                "day": day,
                "mean": round(statistics.fmean(values), 2),
                "low": min(values),
                "high": max(values),
            }
            for (station, day), values in sorted(groups.items())
        ]

    @task
    def coldest(days: list[dict]) -> dict:
        return min(days, key=lambda day: day["low"])

    @task
    def report(days: list[dict], cold: dict, cleaned: dict, valid: dict) -> str:
        lines = ["# The house, by day", "", f"{valid['rows']} readings; {cleaned['dropped']} unreadable or repeated,"]
        lines += [f"{valid['outliers']} impossible. Coldest: {cold['station']} on {cold['day']}, {cold['low']} °C.", ""]
        lines += ["| station | day | mean | low | high |", "|---|---|---|---|---|"]
        lines += [f"| {d['station']} | {d['day']} | {d['mean']} | {d['low']} | {d['high']} |" for d in days]
        folder = run_folder()
        (folder / "days.json").write_text(json.dumps(days, indent=2), encoding="utf-8")
        (folder / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print("\n".join(lines))
        return str(folder / "report.md")

    cleaned = clean(str(READINGS))
    valid = validate(cleaned)
    days = aggregate(valid)
    report(days, coldest(days), cleaned, valid)


house_climate()
