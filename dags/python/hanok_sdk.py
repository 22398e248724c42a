"""What the warm host does to the Task SDK before it forks: imports it once, prepares what every child would otherwise
build for itself, and adds one member to what the serializer writes. Nothing of the SDK is reimplemented; each place
that touches it says what and why."""

import datetime
import json
import os
import re
import signal
import socket
import sys
import tempfile

from hanok_known import keep_sensitive_names, watch_config

LOG_FD = 100  # where every child finds its log socket
COMMAND_BYTES_MAX = 60000  # the provider runs longer ones from a file


def complain(sentence):
    """One line on standard error, which the shim keeps in the host's log."""
    try:
        sys.__stderr__.write("hanok python host: " + sentence + "\n")
        sys.__stderr__.flush()
    except (OSError, ValueError):
        pass


def set_environment():
    """What the SDK reads from its environment; everything else is inherited from the user's."""
    home = os.environ.get("HANOK_HOME")
    if not home:
        complain("HANOK_HOME is not set; hanok's shim sets it to the home folder of the engine.")
        sys.exit(2)
    env = os.environ
    env["AIRFLOW_HOME"] = os.path.join(home, "airflow")
    env["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    # No task and no parser may find a database: all they need comes over the socket.
    env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:////nonexistent/hanok-has-no-airflow-database.db"
    env.setdefault("AIRFLOW__LOGGING__BASE_LOG_FOLDER", os.path.join(home, "logs"))
    env.setdefault("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", "[]")
    env.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "INFO")
    # bash with a socket as standard input and SHLVL below 2 takes itself for a remote shell and reads ~/.bashrc: 0.2 s
    # a task.
    env["SHLVL"] = "2"


def import_sdk():
    """Everything that costs time at import, and the pydantic schemas that the SDK would build in each child."""
    import importlib

    for name in (
        "airflow.sdk", "airflow.sdk.log", "airflow.sdk.execution_time.task_runner",
        "airflow.sdk.execution_time.supervisor",
        "airflow.sdk.execution_time.context", "airflow.sdk.execution_time.xcom", "airflow.sdk.execution_time.comms",
        "airflow.sdk.definitions.param", "airflow.dag_processing.dagbag", "airflow.dag_processing.processor",
        "airflow.dag_processing.bundles.local", "airflow.dag_processing.bundles.manager",
        "airflow.serialization.serialized_objects",
    ):
        importlib.import_module(name)
    for name in (  # only speed: a provider that is not installed is the user's choice
        "airflow.providers.standard.operators.bash", "airflow.providers.standard.operators.python",
        "airflow.providers.standard.operators.empty", "airflow.providers.standard.decorators.python",
        "airflow.providers.standard.decorators.bash", "airflow.providers.standard.sensors.python",
        "jinja2.ext", "jinja2.nativetypes", "jinja2.sandbox", "setproctitle", "email.mime.text", "uuid6",
    ):
        try:
            importlib.import_module(name)
        except Exception as error:
            complain(f"'{name}' cannot be imported ({error}); tasks that need it will say so.")
    mark_plain_commands()
    keep_sensitive_names()
    watch_config()
    memoise_type_adapters()


def memoise_type_adapters():
    import pydantic

    real = pydantic.TypeAdapter
    made = {}

    class TypeAdapter:
        """pydantic's TypeAdapter, built once per type: children find the host's."""

        def __class_getitem__(cls, _):
            return cls

        def __new__(cls, of, **options):
            if options:
                return real(of, **options)
            if id(of) not in made:
                made[id(of)] = (real(of), of)
            return made[id(of)][0]

    for name, module in list(sys.modules.items()):
        if name.startswith("airflow.") and vars(module).get("TypeAdapter") is real:
            module.TypeAdapter = TypeAdapter
    from airflow.dag_processing.processor import ToDagProcessor
    from airflow.sdk.execution_time.comms import ToTask

    TypeAdapter(ToTask)
    TypeAdapter(ToDagProcessor)


def plain_command(operator):
    """What hanok needs to run a BashOperator without Python, or None when anything about it needs the SDK: only this
    process sees all of it, because the serializer leaves out append_env, skip_on_exit_code and the output's
    processing."""
    import inspect

    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk.listener import get_listener_manager

    default = inspect.signature(inspect.unwrap(BashOperator.__init__)).parameters["output_processor"].default
    hooks = get_listener_manager().hook
    command, env, cwd, dag = operator.bash_command, operator.env, operator.cwd, operator.dag
    is_mapping = env is None or isinstance(env, dict)
    texts = [command, cwd or "", *(env or {}), *(env or {}).values()] if is_mapping else [None]
    is_plain = (
        type(operator) is BashOperator
        and all(isinstance(text, str) and not any(mark in text for mark in ("{{", "{%", "{#")) for text in texts)
        and not any(text.endswith(tuple(operator.template_ext)) for text in texts)
        and 0 < len(command) <= COMMAND_BYTES_MAX
        and (cwd is None or os.path.isabs(cwd))
        and operator.output_processor is default and operator.output_encoding == "utf-8"
        and isinstance(operator.skip_on_exit_code, (list, tuple, set, frozenset, range))
        and all(type(code) is int for code in operator.skip_on_exit_code)
        and not any(getattr(operator, name, None) for name in (
            "on_execute_callback", "on_failure_callback", "on_success_callback", "on_retry_callback",
            "on_skipped_callback",
            "_pre_execute_hook", "_post_execute_hook", "run_as_user", "inlets", "outlets", "email", "retry_policy",
            "executor_config", "resources", "multiple_outputs", "map_index_template"))
        and not any(name in vars(operator) for name in ("execute", "pre_execute", "post_execute", "on_kill", "get_env"))
        and not getattr(dag, "jinja_environment_kwargs", None)
        and not any(getattr(hooks, name).get_hookimpls() for name in (
            "on_task_instance_running", "on_task_instance_success", "on_task_instance_failed", "on_starting",
            "before_stopping"))
    )
    if not is_plain:
        return None
    return {"command": command[:-1] if command.endswith("\n") else command,  # as Jinja would
            "env": env, "append_env": bool(operator.append_env), "cwd": cwd, "output": "utf-8",
            "skip_exit_codes": sorted(operator.skip_on_exit_code), "push_xcom": bool(operator.do_xcom_push)}


def mark_plain_commands():
    """Adds plain_command's answer to what the SDK's serializer writes, as "_hanok_command"."""
    try:
        from airflow.providers.standard.operators.bash import BashOperator
    except ImportError:
        return

    def safely(operator):
        try:
            return plain_command(operator)
        except Exception as error:
            complain(f"task '{operator.task_id}' runs through the SDK, because looking at it raised "
                     f"{type(error).__name__}: {error}")
            return None

    fields = BashOperator.get_serialized_fields
    BashOperator._hanok_command = property(safely)
    BashOperator.get_serialized_fields = classmethod(lambda cls: fields() | {"_hanok_command"})


def log_nowhere():
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(nowhere, LOG_FD, inheritable=False)
    os.close(nowhere)


def configure_logging_once():
    """The SDK configures logging in every child: 14 ms, most of it for pages of loggers that were shared with the host
    until then. Here it is done once, with JSON lines to descriptor LOG_FD; a child only has to put its log socket
    there.

    A supervisor in Python would mask secrets in what it is sent; ours leaves that to the SDK's own masker, which knows
    them all, in the process that logs: so the SDK is not told that a supervisor follows."""
    from airflow.sdk.execution_time import supervisor
    from airflow.sdk.log import configure_logging, reset_logging

    log_nowhere()
    reset_logging()
    output = open(LOG_FD, "wb", buffering=0, closefd=False)
    configure_logging(json_output=True, output=output, sending_to_supervisor=False)
    hook = sys.excepthook

    def configure_again(_):
        sys.excepthook = hook  # which the SDK's _reset_signals has just removed

    supervisor._configure_logs_over_json_channel = configure_again


def open_descriptors():
    """All but the one that it needs for looking."""
    return {int(name) for name in os.listdir("/proc/self/fd") if os.path.lexists("/proc/self/fd/" + name)}


class Place:
    """A descriptor, as far as the SDK's _fork_main wants to know."""

    def __init__(self, fd):
        self.fd = fd

    def fileno(self):
        return self.fd


def live_inside_sdk(live):
    """Calls live(kept) where the SDK would run a task: in its _fork_main, which makes signals, standard streams, exit
    handlers and the way to a database what a task shall find, and ends the process as it should end. The host goes
    through that once; its children, forked inside, only put their own sockets into the places of the descriptors 0, 1,
    2 and LOG_FD. For each this spares 1 ms, and 2 ms for SQLAlchemy's after-fork handler, which finds no engine any
    more. `kept` are the descriptors that the SDK needs to the end. Does not return."""
    from airflow.sdk.execution_time import supervisor

    before = open_descriptors()
    requests = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    supervisor._fork_main(Place(requests), Place(1), Place(2), LOG_FD, lambda: live(open_descriptors() - before))


TIMESTAMP = re.compile(rb'"timestamp":"[^"]*"')


def begin_task(await_task):
    """Calls the SDK's main() and, where that reads which task it is for, await_task(), which returns in a child that
    has been given a task: the rest of main() is the child's life. So what main() does before is done once. What it has
    logged by then is logged by each child, with the child's time."""
    from airflow.sdk.execution_time import task_runner

    read_details = task_runner.get_startup_details
    log = os.memfd_create("hanok-log", os.MFD_CLOEXEC)
    os.dup2(log, LOG_FD, inheritable=False)
    with socket.socket(socket.AF_UNIX) as nobody:  # main() wants a socket as descriptor 0
        os.dup2(nobody.fileno(), 0)

    def get_startup_details():
        task_runner.get_startup_details = read_details
        lines = os.pread(log, os.fstat(log).st_size, 0)
        os.close(log)
        log_nowhere()
        await_task()
        now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        os.write(LOG_FD, TIMESTAMP.sub(f'"timestamp":"{now}"'.encode(), lines))
        return read_details()

    task_runner.get_startup_details = get_startup_details
    task_runner.main()


REHEARSAL = """
from airflow.sdk import DAG, task
with DAG("hanok_rehearsal", schedule=None, params={"a": 1}):
    @task
    def rehearse(**context):
        return 1
    rehearse()
    @task.bash
    def rehearse_bash():
        return ":"
    rehearse_bash()
"""


def rehearsal_details(task_id):
    when = "2026-01-01T00:00:00Z"
    return {
        "type": "StartupDetails", "dag_rel_path": "rehearsal.py", "start_date": when, "sentry_integration": "",
        "bundle_info": {"name": "rehearsal", "version": None},
        "ti": {"id": "00000000-0000-8000-8000-000000000001", "task_id": task_id, "dag_id": "hanok_rehearsal",
               "run_id": "r", "try_number": 1, "map_index": -1,
               "dag_version_id": "00000000-0000-8000-8000-000000000002"},
        "ti_context": {"max_tries": 0, "should_retry": False, "dag_run": {
            "dag_id": "hanok_rehearsal", "run_id": "r", "logical_date": when, "data_interval_start": when,
            "data_interval_end": when, "run_after": when, "start_date": when, "end_date": None, "clear_number": 0,
            "run_type": "manual", "state": "running", "conf": {}, "consumed_asset_events": [], "partition_key": None}}}


def rehearse_task(task_id):
    """The SDK's main(), with all answers already waiting in its socket."""
    import msgspec
    from airflow.sdk.execution_time import task_runner
    from setproctitle import getproctitle, setproctitle

    title = getproctitle()
    ours, theirs = socket.socketpair()
    frames = [[0, rehearsal_details(task_id)]] + [[n, {"type": "OKResponse", "ok": True}] for n in range(10)]
    for frame in map(msgspec.msgpack.encode, frames):
        ours.sendall(len(frame).to_bytes(4, "big") + frame)
    os.dup2(theirs.fileno(), 0, inheritable=False)
    theirs.close()
    try:
        task_runner.main()
    finally:
        nothing = os.open(os.devnull, os.O_RDONLY)
        if nothing != 0:
            os.dup2(nothing, 0)
            os.close(nothing)
        ours.close()
        setproctitle(title)


def rehearse():
    """Runs two small tasks here, so that what the SDK imports and builds lazily is there before the fork. No plugin's
    listener and no metric hears of them. A failure costs speed, nothing else."""
    from airflow.sdk.listener import get_listener_manager

    environment, path = dict(os.environ), list(sys.path)
    term = signal.getsignal(signal.SIGTERM)
    manager = get_listener_manager()
    listeners = [listener for _, listener in manager.pm.list_name_plugin()]
    with tempfile.TemporaryDirectory(prefix="hanok-") as folder:
        with open(os.path.join(folder, "rehearsal.py"), "w", encoding="utf-8") as file:
            file.write(REHEARSAL)
        os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps([{
            "name": "rehearsal", "kwargs": {"path": folder},
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}])
        for name in ("STATSD_ON", "STATSD_DATADOG_ENABLED", "OTEL_ON"):
            os.environ["AIRFLOW__METRICS__" + name] = "False"
        manager.clear()
        try:
            rehearse_task("rehearse")
            rehearse_task("rehearse_bash")
        finally:
            os.environ.clear()
            os.environ.update(environment)
            signal.signal(signal.SIGTERM, term)
            sys.path[:] = path
            for listener in listeners:
                manager.add_listener(listener)
            forget_rehearsal()


def forget_rehearsal():
    import structlog
    from airflow.sdk.execution_time import task_runner

    structlog.contextvars.clear_contextvars()
    if hasattr(task_runner, "SUPERVISOR_COMMS"):
        del task_runner.SUPERVISOR_COMMS
    for name in [name for name in sys.modules if name.startswith("unusual_prefix_")]:
        del sys.modules[name]
