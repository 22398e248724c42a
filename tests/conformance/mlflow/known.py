"""Where hanok answers otherwise than the MLflow server, and why that is right. docs/mlflow.md tells users of the ones that
they may notice.

Each entry is a noun, a question with its body, a place in the answer, and the reason. Questions are regular expressions
found anywhere; nouns and places must match as a whole. compare.py fails for what differs and is not named here, and for
what is named here and does not differ: both are to be looked into.
"""

import re

TYPES = "MLflow takes a value of a wrong type for zero or nothing, and answers 200; hanok refuses it by name"
NO_JSON = "MLflow takes a body that is no JSON for an empty one; hanok says where it breaks"
LENGTHS = "SQLite does not hold MLflow to the lengths that its tables have; other databases do, and hanok does"
A_PAGE_OF_NOTHING = "a page of nothing, or of less, is refused"
THE_DATABASES = "MLflow lets its database complain, and hands the complaint on; hanok says what is wrong"
UNSAFE_PATHS = "no path that could mean another one, on whatever system: backslashes, NUL, what is no UTF-8, '//'"
PLAIN_PATH = "hanok names the path that it looked for: without './', '//' and a '/' at its end"
EXPECTATIONS = "a list or an object comes back as it was said, where MLflow makes a text with JSON in it; clients read both"
ANOTHER_MISTAKE = "of several mistakes, or of one that can be called by several names, hanok names another"

DIFFERENCES = [
    ("experiments", r"create \{'name': 't', 'tags': \[1\]\}", "/answer/message", TYPES),
    ("experiments", r"create (\{|null|\{\"name\": |\{\"name\": \"x\"\} more|\ufffd+)$", "/answer/message", NO_JSON),
    ("experiments", r"'name': 'twice'", "/answer/message",
     "SQLAlchemy's complaint about a tag given twice reaches MLflow's client as a name taken"),

    ("runs", r"runs/create \{('run_name': 'no experiment')?\}$", "/answer/(error_code|error_class|message)", THE_DATABASES),
    ("runs", r"runs/create .*('tags': 'x'|'start_time': 1\.5|'user_id': 5)", "/status", TYPES),
    ("runs", r"log-metric .*('timestamp': 1\.5|'step': 1\.5|'value': True)", "/status", TYPES),
    ("runs", r"log-metric .*(NaN|Infinity|1e999|9223372036854775808)", "/status",
     "no JSON, or beyond 64 bits; MLflow stores zero. The client writes \"NaN\" as a string"),
    ("runs", r"runs/update .*NONSENSE", "/status", TYPES),
    ("runs", r"runs/get", r"/answer/run/data/tags/\d+/value",
     "mlflow.log-model.history: the model's JSON as it was sent, without a null for model_uuid"),

    ("batches", r"log-batch .*('x', 'timestamp'|'timestamp': 'x'|'step': ('x'|1\.5)|'value': (True|5))", "/status", TYPES),
    ("batches", r"log-batch .*'key': 5", "/answer/message", TYPES),
    ("batches", r"max_results=x", "/status", TYPES),

    ("search", r"'filter': 'metrics\. > 1'", "/status",
     "sqlparse takes '. > 1' for a metric without a name; hanok refuses it"),
    ("search", r"'filter': 'metrics.auc > 1e309'", "/status", "a number beyond a double's"),
    ("search", r"'filter': ('metrics.auc > 0x1'|\"params.kind = tree'\"|\"run_id IN \('x'\"|'run_id IN \(5\)')",
     "/answer/message", ANOTHER_MISTAKE),
    ("search", r"'filter': \"name = 'a'; name = 'b'\"", "/answer/message", "quotes around what has quotes"),
    ("search", r"'order_by': \['DESC'\]", "/answer/message", ANOTHER_MISTAKE),
    ("search", r"'max_results': 1\.5|'page_token': 5", "/status", TYPES),
    ("search", r"'page_token': 'eyJvZmZzZXQiOiAtMX0='", "/status", "a token with an offset of -1, which nobody was given"),

    ("models", r"'name': '<257 x x>'", "/status", LENGTHS),
    ("models", r"registered-models/alias \{'name': 'hanok'\}$", "/answer/message", ANOTHER_MISTAKE),
    ("models", r"max_results=(0|-1)", "/status", A_PAGE_OF_NOTHING),
    ("versions", r"filter=(version|source)\+%3D", "/answer/message", "hanok names the attributes that there are"),

    ("logged_models", r"'<256 x x>'", "/status", LENGTHS),
    ("logged_models", r"PATCH .*'status': ('NONSENSE'|99)", "/status", TYPES),
    ("logged_models", r"log-metric .*'key': 'loss'", "/answer/(error_code|message)", THE_DATABASES),
    ("logged_models", r"'filter': 'name = tree'", "/status", "a text without quotes is refused, as in all other searches"),
    ("logged_models", r"'filter': \"experiment_id = '1'\"", "/status",
     "experiments are given beside the filter; MLflow looks for any column of its table"),
    ("logged_models", r"'filter': \"status = '(READY|PENDING)'\"", "/answer",
     "MLflow compares the name with the number that it stores, and never finds one"),
    ("logged_models", r"'datasets': \[\{'dataset_name': 'houses'\}\]", "/answer",
     "MLflow looks for a dataset with an empty digest where none is asked for, and never finds one"),
    ("logged_models", r"'filter': ('tags.kind IS NULL'|\"name = 'a' OR name = 'b'\"|'name =')", "/answer/message",
     "hanok says what it does not understand in it"),
    ("logged_models", r"'order_by': \['name'\]", "/answer/message", TYPES),
    ("logged_models", r"'order_by': \[(\{'field_name': 'colour'\}|\{\}|'name')\]", "/answer/(sqlstate|error_class)",
     "a class of errors that only this one call of MLflow's has"),
    ("logged_models", r"'max_results': -1", "/status", A_PAGE_OF_NOTHING),

    ("traces", r"GET /api/2.0/mlflow/traces/.*/info", "/status|/answer/(error_code|message)",
     "version 2 of the API of traces, which clients before 3.0 speak, is not there"),
    ("traces|traces_by_id", r"PATCH .*/tags \{'key': 'k', 'value': 'v'\}", "/status", THE_DATABASES),
    ("traces_by_id", r"DELETE .*/tags \{'key': 'k'\}", "/answer/message", "hanok says that there is no such trace at all"),
    ("traces_by_id", r"link-to-run .*\['<id 3>'\]", "/status", "a trace that is not there, or not yet, is not linked"),
    ("traces_by_id", r"'trace_ids': \[5\]", "/answer/message", "hanok names the item, not the list that it is in"),
    ("traces", r"'filter': \"trace.execution_time_ms < 'x'\"", "/status", TYPES),
    ("traces", r"'filter': (\"colour = 'x'\"|'metrics.x > 1')", "/answer/message", "hanok names what it can search for"),
    ("traces", r"'order_by': \['tags.team'\]", "/status", "traces are not ordered by their tags"),

    ("assessments", r"'expectation': \{'value': [\[{]", "/answer/assessment/expectation/keys", EXPECTATIONS),
    ("assessments", r"^GET ", r"/answer/trace/trace_info/assessments/\d+/expectation/keys", EXPECTATIONS),
    ("assessments", r"('(feedback|k|rationale|error_code)': 5|'source': 'x'|'create_time': ')", "/status", TYPES),
    ("assessments", r"'source_id': 5", "/answer/message", TYPES),

    ("webhooks", r"'https://127.0.0.1/x', 'events': \[\]\}", "/answer/message", ANOTHER_MISTAKE),
    ("webhooks", r"'status': 'NONSENSE'", "/status", TYPES),
    ("webhooks", r"'name': 'h'.*'DISABLED'\}$", "/status",
     "MLflow's database complains of an event given twice; hanok takes it once"),

    ("server", r"GET /health", "/type|/answer", "hanok's own, which says the same"),
    ("server", r"server-info", r"/answer/(presigned_\w+|features_enabled/gateway)",
     "hanok has no presigned addresses and no gateway"),
    ("server", r"experiment_id=0&experiment_id=1", "/status", "of a parameter given twice the last counts, not the first"),
    ("server", r"OPTIONS", "/status", "no pages of other servers ask hanok"),

    ("artifacts", r"artifacts(\?path=|/list\?)", r"/answer/files/\d+/keys", "the size of an empty file is 0, and not left out"),
    ("artifacts", r"GET .*(/notes/|/\./|//|%2f%2f|%2fetc%2f)\S* $", "/answer/(message|detail)", PLAIN_PATH),
    ("artifacts", r"(%5c|%00|%ff|PUT .*//b|PUT .*%2f%2fexample)", "/status", UNSAFE_PATHS),
    ("artifacts", r"artifacts\?path=1%2F<id 1>%2Fartifacts $", "/answer/files", "what was refused is not there"),
    ("artifacts", r"mpu/nothing/\.\./x|DELETE .*artifacts/artifacts/ $", "/status", "no such address"),
]

HINT = r"; a key with other than letters, digits, '_' and '\.' is written in `backticks`"
PLACE = re.compile(rf"({HINT})?( \(at character \d+\))?$")
SET = re.compile(r"'?\{[^{}]*\}'?")
BROKEN = "Invalid clause(s) in filter string: "

_used = set()


def meaning(sentence):
    """A sentence about a search without the place and the hint that hanok adds, and what is in any order in one order."""
    if sentence.startswith(BROKEN):
        return BROKEN  # MLflow lists pieces of what it did not understand, hanok names the first
    return SET.sub(lambda found: str(sorted(re.findall(r"'([^']*)'", found[0].strip("'")))), PLACE.sub("", sentence))


def explains(noun, question, place, was, now):
    """Whether it is meant that hanok says `now` where MLflow said `was`."""
    if place == "/answer/message" and "/search" in question and meaning(was) == meaning(now):
        return True
    hits = [at for at, (nouns, questions, places, _) in enumerate(DIFFERENCES)
            if re.fullmatch(nouns, noun) and re.search(questions, question) and re.fullmatch(places, place)]
    _used.update(hits)
    return bool(hits)


def unused():
    return [f"does not differ any more: {entry}" for at, entry in enumerate(DIFFERENCES) if at not in _used]
