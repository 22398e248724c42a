/* Every limit on what comes from outside, by name. A value over its limit is refused with HK_LIMIT and a
 * sentence that names the limit, before memory is allocated for it. */
#ifndef HK_BASE_LIMITS_H
#define HK_BASE_LIMITS_H

enum {
    /* DAG files and graphs */
    HK_MAX_DAG_FILE_BYTES = 64 * 1024 * 1024,
    HK_MAX_DAG_DOCUMENT_BYTES = 512 * 1024 * 1024, /* a graph as stored in the database */
    HK_MAX_DAGS_PER_FILE = 10000,
    HK_MAX_TASKS_PER_DAG = 1000000,
    HK_MAX_EDGES_PER_DAG = 4000000,
    HK_MAX_SCOPE_STEPS = 20000000, /* tasks and edges passed while looking for what setups and teardowns are about */
    HK_MAX_ID_BYTES = 250,         /* dag_id, task_id, run_id, pool: Airflow's column width */
    HK_MAX_NESTING = 100,          /* YAML and JSON */
    HK_MAX_YAML_NODES = 2000000,
    HK_MAX_ASSETS_PER_DAG = 1000,
    HK_MAX_CONSUMED_EVENTS = 10000, /* of assets, that the tasks of one run are told of */
    HK_MAX_ASSET_NAME_BYTES = 1500, /* name or URI of an asset: Airflow's column width */
    HK_MAX_MAPPED_INSTANCES = 1024, /* Airflow's max_map_length */

    /* HTTP */
    HK_MAX_HEADER_BYTES = 32 * 1024,
    HK_MAX_BODY_BYTES = 16 * 1024 * 1024,
    HK_MAX_ANONYMOUS_BODY_BYTES = 64 * 1024, /* where no credentials are asked for: a login */
    HK_MAX_BODY_VALUES = 250000, /* of JSON, arrays and objects included: up to 300 bytes each once they are read */
    HK_MAX_URL_BYTES = 16 * 1024,
    HK_UPLOAD_LEAST_BYTES = 64 * 1024, /* within twice the idle time, of a body that is not kept */
    HK_MAX_CONNECTIONS = 1000,
    HK_CONNECTION_IDLE_SECONDS = 60,
    HK_MAX_PAGE = 100, /* Airflow's maximum_page_limit */
    HK_DEFAULT_PAGE = 50,
    HK_MAX_FILTER_TERMS = 950,    /* of one list; SQLite's expressions are at most 1,000 deep */
    HK_MAX_FILTER_VALUES = 32000, /* SQLite binds 32,766 unless it was built for more */

    /* MLflow's searches */
    HK_MAX_SEARCH_TERMS = 100,   /* of a filter */
    HK_MAX_SEARCH_ITEMS = 10000, /* of a list in a filter */
    HK_MAX_SEARCH_ORDERS = 20,
    HK_MAX_SEARCH_PATTERN_BYTES = 10000, /* of LIKE */

    /* traces */
    HK_MAX_SPANS = 10000,      /* of one request */
    HK_MAX_ASSESSMENTS = 1000, /* of one trace */

    /* tasks */
    HK_MAX_CONF_BYTES = 1024 * 1024,
    HK_MAX_XCOM_BYTES = 16 * 1024 * 1024,
    HK_MAX_VARIABLE_BYTES = 1024 * 1024,
    HK_MAX_FRAME_BYTES = 64 * 1024 * 1024,  /* one message of the Task SDK's socket protocol */
    HK_MAX_LOG_LINE_BYTES = 64 * 1024,      /* longer lines are split */
    HK_MAX_SECRETS_BYTES = 4 * 1024 * 1024, /* of one task, to be masked in what it prints */
    HK_MAX_LOG_PAGE_BYTES = 4 * 1024 * 1024,
    HK_KILL_GRACE_MS = 5000,     /* between SIGTERM and SIGKILL; Airflow's killed_task_cleanup_time is 60 s */
    HK_PARSE_TIMEOUT_MS = 50000, /* Airflow's dag_file_processor_timeout */

    /* artifacts */
    HK_MAX_ARTIFACT_PATH_BYTES = 2048,
    HK_MAX_ARTIFACT_DEPTH = 60,                      /* folders in folders */
    HK_MAX_ARTIFACT_PARTS = 10000,                   /* of an upload in parts: S3's limit */
    HK_MAX_POSTED_ARTIFACT_BYTES = 10 * 1024 * 1024, /* of one that MLflow's pages send */
    HK_ARTIFACT_THREADS = 4,                         /* that wait for disks and object stores */
    HK_MAX_ARTIFACT_JOBS = 1024,
    HK_ARTIFACT_BLOCK_BYTES = 4 * 1024 * 1024, /* fetched from an object store at once */
    HK_S3_PART_BYTES = 64 * 1024 * 1024,       /* of an object that is brought in parts: 640 GB at most */
    HK_ARTIFACT_DEADLINE_MS = 600 * 1000,      /* for a disk or an object store to take what was uploaded */
    HK_ARTIFACT_URL_SECONDS = 300,             /* how long an address that is handed out is good for; MLflow's */
    HK_MAX_WEBHOOK_TRANSFERS = 10,             /* on their way at once */
    HK_MAX_WEBHOOK_ANSWER = 64 * 1024,         /* bytes; the rest is not looked at */
    HK_MAX_WEBHOOK_WAIT_S = 60,                /* before the next try, whatever the receiver asks for */
    HK_MAX_WEBHOOK_LIST = 1000,                /* in one answer; MLflow's */

    /* promotions */
    HK_DEFAULT_AUDIT_PAGE = 100,
    HK_MAX_AUDIT_PAGE = 1000,

    /* queues */
    HK_MAX_WRITER_QUEUE = 65536,
    HK_MAX_WRITER_BATCH = 4096,
    HK_MAX_PENDING_COMMANDS = 4096,
};

#endif
