"""What the SDK finds out anew in each task, though the process that it is forked from knows it already. An answer that
cannot differ is kept there: each that is not looked for spares the child the pages it would write to on the way, and
those, not the work, are what a small task costs. An SDK that is made otherwise is noticed where the file is imported:
its tasks are parsed each by itself."""

import sys

NAMES_MAX = 1000


def keep_sensitive_names():
    """The masker asks of each key of each log record whether it sounds like a secret's: two dozen searches each."""
    for module in ("airflow.sdk._shared.secrets_masker", "airflow._shared.secrets_masker"):
        masker = getattr(sys.modules.get(module), "SecretsMasker", None)
        if masker is not None and hasattr(masker, "should_hide_value_for_key"):
            masker.should_hide_value_for_key = remembering(masker.should_hide_value_for_key)


def remembering(real):
    known = {}

    def should_hide_value_for_key(self, name):
        if type(name) is not str:
            return real(self, name)
        fields = self.sensitive_variables_fields  # kept with its answers, so that no other takes its place in memory
        key = (name, id(fields), self.hide_sensitive_var_conn_fields)
        answer = known.get(key)
        if answer is None or answer[0] != len(fields):
            answer = (len(fields), real(self, name), fields)
            if len(known) < NAMES_MAX:
                known[key] = answer
        return answer[1]

    return should_hide_value_for_key


class Config:
    """Airflow's configuration as one module of the SDK sees it. Until it settles it only notes what is asked, by the
    rehearsal of a task for one; then each answer stays as it is: the file and the environment that they come from are
    the same for all tasks of a warm process."""

    def __init__(self, conf):
        self._conf = conf
        self._known = {}
        self._is_settled = False

    def __getattr__(self, name):
        found = getattr(self._conf, name)
        if not name.startswith("get") or not callable(found):
            return found

        def get(*args, **options):
            try:
                key = (name, args, tuple(options.items()))
                is_known = key in self._known
            except TypeError:  # a fallback that cannot be a key
                return found(*args, **options)
            if not (is_known and self._is_settled):
                self._known[key] = found(*args, **options)
            return self._known[key]

        self.__dict__[name] = get
        return get

    def settle(self):
        for name, args, options in list(self._known):
            getattr(self, name)(*args, **dict(options))
        self._is_settled = True


def configs():
    """The modules that ask in each task."""
    for name in ("airflow.dag_processing.bundles.manager", "airflow.dag_processing.bundles.base",
                 "airflow.sdk.execution_time.task_runner", "airflow.sdk.definitions.param", "airflow.sdk.api.client"):
        names = vars(sys.modules[name]) if name in sys.modules else {}
        if "conf" in names:
            yield names


def watch_config():
    for names in configs():
        names["conf"] = Config(names["conf"])


def nodes(group):
    for node in group.children.values():
        yield node
        if hasattr(node, "children"):
            yield from nodes(node)


def keep_plain_dags(dags):
    """Of a DAG in which nothing is mapped no task has mapped dependants, and one that declares no model has none to
    allow: the SDK walks the whole DAG in each task to find that out."""
    from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator
    from airflow.sdk.definitions.mappedoperator import MappedOperator
    from airflow.sdk.definitions.taskgroup import MappedTaskGroup
    from airflow.sdk.execution_time import task_runner

    mapped = (MappedOperator, MappedTaskGroup)
    unmapped = {id(dag) for dag in dags if not any(isinstance(node, mapped) for node in nodes(dag.task_group))}
    declaring = "deserialization_allowed_class_fields"
    undeclaring = {id(dag) for dag in dags if id(dag) in unmapped
                   and not any(getattr(task, field, None) is not None
                               for task in dag.tasks for field in getattr(task, declaring, ()))}
    walk, allow = AbstractOperator._iter_all_mapped_downstreams, task_runner._register_deserialization_allowed_classes

    def _iter_all_mapped_downstreams(self):
        return iter(()) if id(self.get_dag()) in unmapped else walk(self)

    def _register_deserialization_allowed_classes(dag, log):
        if id(dag) not in undeclaring:
            allow(dag, log)

    AbstractOperator._iter_all_mapped_downstreams = _iter_all_mapped_downstreams
    task_runner._register_deserialization_allowed_classes = _register_deserialization_allowed_classes


def make_template_environments(dags):
    """One for each DAG, which the child takes: only a second one is built there."""
    from airflow.sdk import DAG

    build = DAG.get_template_env
    made = {}
    for dag in dags:
        try:
            made[id(dag)] = build(dag)
        except Exception:  # the task that needs it shall say so
            continue

    def get_template_env(self, *, force_sandboxed=False):
        ready = None if force_sandboxed else made.pop(id(self), None)
        return ready if ready is not None else build(self, force_sandboxed=force_sandboxed)

    DAG.get_template_env = get_template_env


def keep_bundles():
    """Each task reads the configuration of the DAG bundles anew and logs what it has found: the log is left."""
    from airflow.dag_processing.bundles import manager
    from airflow.sdk.execution_time import task_runner

    kept = task_runner.DagBundlesManager()
    kept._log, get_bundle = kept.log.bind(), kept.get_bundle
    ready = {bundle.name: bundle for bundle in kept.get_all_dag_bundles()}
    settled = manager.conf.getjson("dag_processor", "dag_bundle_config_list")
    found = manager._parse_bundle_config(settled) if settled else []
    classes = {bundle.classpath: manager.import_string(bundle.classpath) for bundle in found}
    parse, import_string = manager._parse_bundle_config, manager.import_string

    def get_ready_bundle(name, version=None):
        return ready[name] if version is None and name in ready else get_bundle(name, version)

    def bundles():
        kept._bundle_config = {}
        kept.parse_config()
        return kept

    kept.get_bundle = get_ready_bundle
    manager._parse_bundle_config = lambda config: found if config is settled else parse(config)
    manager.import_string = lambda path: classes[path] if path in classes else import_string(path)
    task_runner.DagBundlesManager = bundles


def keep_params():
    """The SDK asks the configuration once where it merges a task's parameters, and gets it by an import of its own."""
    from airflow.sdk import configuration
    from airflow.sdk.execution_time import task_runner

    process, known = task_runner.process_params, Config(configuration.conf)
    known.getboolean("core", "dag_run_conf_overrides_params")
    known.settle()

    def process_params(*args, **options):
        real, configuration.conf = configuration.conf, known
        try:
            return process(*args, **options)
        finally:
            configuration.conf = real

    task_runner.process_params = process_params


def keep_out_spans():
    """Where no tracer is set up the spans around a task and its parts are of no kind; it takes the SDK a dozen calls to
    find that out."""
    from airflow.sdk.execution_time import task_runner
    from opentelemetry import trace

    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        no_span = trace.INVALID_SPAN
        task_runner._make_task_span = lambda msg: no_span
        task_runner.detail_span._make_ctx = lambda self: no_span


class Nobody:
    """The listener manager of a process in which no plugin listens."""

    has_listeners = False

    def __init__(self):
        self.hook = self

    def __getattr__(self, _):
        return self.call

    @staticmethod
    def call(**_):
        return []


def keep_listeners():
    """Airflow watches the calls of its listeners even where there is none."""
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.listener import get_listener_manager

    if not get_listener_manager().has_listeners:
        nobody = Nobody()
        task_runner.get_listener_manager = lambda: nobody


def keep_what_is_known(dags):
    """In the warm process, once the file is imported: its DAGs live as long as it does."""
    for names in configs():
        names["conf"].settle()
    keep_plain_dags(dags)
    make_template_environments(dags)
    keep_bundles()
    keep_params()
    keep_out_spans()
    keep_listeners()
