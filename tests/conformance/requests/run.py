"""Transition requests as people with different roles meet them, in Databricks' shapes. usage: run.py HANOK"""

import base64
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

from engine_test import Report, running_engine  # noqa: E402

ML = "/api/2.0/mlflow/"
PEOPLE = {"vera": "Viewer", "uma": "User", "otto": "Op", "olga": "Op", "ada": "Admin"}
ALL = ["APPROVE_TRANSITION_REQUEST", "REJECT_TRANSITION_REQUEST", "CANCEL_TRANSITION_REQUEST"]
STAGED = {"name": "fraud", "version": "1", "stage": "Production"}


class People:
    def __init__(self, binary, engine):
        self.engine = engine
        for name, role in PEOPLE.items():
            subprocess.run([binary, "users", "create", "--home", engine.home, "-u", name, "-r", role, "-p", name * 4],
                           check=True, capture_output=True)

    def ask(self, who, method, path, body=None):
        pair = base64.b64encode(f"{who}:{who * 4}".encode()).decode()
        return self.engine.request(method, ML + path, body, {"Authorization": f"Basic {pair}"})

    def actions(self, who):
        (request,) = self.ask(who, "GET", "transition-requests/list?name=fraud&version=1")[1]["requests"]
        return request["available_actions"]


def check(report, people):
    people.ask("uma", "POST", "registered-models/create", {"name": "fraud"})
    people.ask("uma", "POST", "model-versions/create", {"name": "fraud", "source": "s3://b/m"})
    rules = [{"approvals": {"count": 2, "role": "Op"}}]
    policy = {"name": "p", "model": "fraud", "target": {"stage": "Production"}, "rules": rules}
    status, answer = people.ask("uma", "POST", "promotion-policies/set", {"policy": policy})
    report.equal("a User sets no policy", (status, answer["error_code"]), (403, "PERMISSION_DENIED"))
    report.equal("and is told why", answer["message"],
                 "'uma', whose role is User, may not do this; an Admin can give another role (hanok users)")
    report.equal("an Op does", people.ask("otto", "POST", "promotion-policies/set", {"policy": policy})[0], 200)
    status, answer = people.ask("uma", "POST", "transition-requests/create", {**STAGED, "comment": "please"})
    request = answer["request"]
    report.equal("a request is opened", (status, request["activity_type"], request["state"]),
                 (200, "REQUESTED_TRANSITION", "open"))
    report.equal("by whom, from where to where", [request[k] for k in ("user_id", "comment", "from_stage", "to_stage")],
                 ["uma", "please", "None", "Production"])
    report.equal("who asked may take it back", request["available_actions"], ALL[2:])
    report.equal("a Viewer may look", people.actions("vera"), [])
    report.equal("an Op may decide", people.actions("otto"), ALL[:2])
    report.equal("an Admin may do all", people.actions("ada"), ALL)
    report.equal("a Viewer does not decide", people.ask("vera", "POST", "transition-requests/approve", STAGED)[0], 403)
    status, answer = people.ask("uma", "POST", "transition-requests/approve", STAGED)
    report.contains("nor does a User here", answer["message"], "The role User may not decide")
    activity = people.ask("otto", "POST", "transition-requests/approve", {**STAGED, "comment": "well done"})[1]["activity"]
    report.equal("an approval is an activity", [activity[k] for k in ("activity_type", "user_id", "comment", "state")],
                 ["APPROVED_REQUEST", "otto", "well done", "open"])
    report.equal("which says what is still waited for", activity["system_comment"], "2 approvals by Op: 1 given.")
    people.ask("otto", "POST", "transition-requests/approve", STAGED)
    version = people.ask("vera", "GET", "model-versions/get?name=fraud&version=1")[1]["model_version"]
    report.equal("the same person twice is one", version["current_stage"], "None")
    activity = people.ask("olga", "POST", "transition-requests/approve", STAGED)[1]["activity"]
    report.equal("the last one completes it", [activity[k] for k in ("user_id", "state", "from_stage", "to_stage")],
                 ["olga", "applied", "None", "Production"])
    report.equal("and nothing is left to do", activity["available_actions"], [])
    people.ask("uma", "POST", "model-versions/create", {"name": "fraud", "source": "s3://b/n"})
    second = {**STAGED, "version": "2"}
    people.ask("uma", "POST", "transition-requests/create", second)
    activity = people.ask("otto", "POST", "transition-requests/reject", {**second, "comment": "not yet"})[1]["activity"]
    report.equal("a rejection is one, too", [activity[k] for k in ("activity_type", "user_id", "comment", "state")],
                 ["REJECTED_REQUEST", "otto", "not yet", "rejected"])
    people.ask("uma", "POST", "transition-requests/create", second)
    query = "transition-requests/delete?name=fraud&version=2&stage=Production"
    report.equal("others do not take it back", people.ask("olga", "DELETE", query)[0], 403)
    activity = people.ask("uma", "DELETE", query)[1]["activity"]
    report.equal("who asked does", [activity[k] for k in ("activity_type", "user_id")], ["CANCELLED_REQUEST", "uma"])


def main():
    report = Report()
    with running_engine(report, sys.argv[1], "requests") as (engine, _):
        check(report, People(sys.argv[1], engine))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
